import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { GateVerdict } from '../../domain/gate-verdict.js';
import { subjectOf } from '../../domain/gates/sentences.js';
import { judgeAnswer, type WebhookBody } from '../../domain/gates/webhook.js';
import type { WebhookSettings } from '../../settings/gates.js';
import { recordOperation, type ReportProgress } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import { redact } from '../redact.js';
import type { GateInput } from './gate-input.js';
import { post, type PostAnswer } from './http.js';

export interface WebhookGate {
  readonly context: ActivityContext;
  readonly input: GateInput;
  readonly name: string;
  readonly webhook: WebhookSettings;
  readonly signal: AbortSignal;
}

/** So much of an answer is shown. */
const SHOWN = 500;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Asks a registered webhook whether the run may go on, until it says yes or no or the time is up. */
export async function askWebhook(gate: WebhookGate): Promise<GateVerdict> {
  const { context, input, name, webhook } = gate;
  const argv = ['curl', '-X', 'POST', webhook.url, '-d', bodyOf(input)];
  const intent = { id: `gate/${input.wave}/webhook/${name}`, argv, mutating: false };
  return recordOperation(context.journal, input.run, intent, async (report) => {
    const verdict = await untilAnswered(gate, report);
    return { outcome: 'succeeded', tail: verdict.sentence, value: verdict };
  });
}

async function untilAnswered(gate: WebhookGate, report: ReportProgress): Promise<GateVerdict> {
  const { input, webhook, signal } = gate;
  const deadline = input.stopAt === undefined ? Date.now() + webhook.giveUpAfter * 1_000 : Date.parse(input.stopAt);
  // The same for every try of this attempt: who has decided already may say it again.
  const delivery = randomUUID();
  for (let tries = 1; ; tries++) {
    const answer = await tryOnce(gate, delivery);
    const decided = typeof answer === 'string' ? null : decide(gate, answer);
    if (decided !== null) return decided;
    const said = typeof answer === 'string' ? answer : `it answered ${sayOf(answer)}`;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
    if (Date.now() + pause > deadline) return undecided(gate, said, tries);
    report(`asked ${tries} times: ${said}`);
    await delay(pause, undefined, { signal });
  }
}

/** @returns why there was no answer, where there was none */
async function tryOnce({ input, webhook, signal }: WebhookGate, delivery: string): Promise<PostAnswer | string> {
  const body = bodyOf(input);
  try {
    const secret = (await readFile(webhook.secretFile, 'utf8')).trim();
    if (secret === '') return `its secret file is empty`;
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'meshlift',
      'meshlift-delivery': delivery,
      'meshlift-signature': signatureOf(secret, body, Math.floor(Date.now() / 1_000)),
    };
    return await post({ url: new URL(webhook.url), headers, body, timeoutMs: webhook.timeout * 1_000, signal });
  } catch (error) {
    signal.throwIfAborted();
    return (error as Error).message;
  }
}

/**
 * Proves who sent a body, and when: `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hex>`. Who receives it compares the
 * time as well, so that nobody can send an old one again.
 */
function signatureOf(secret: string, body: string, seconds: number): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

function bodyOf({ run, route, wave, namespaces }: GateInput): string {
  const body: WebhookBody = {
    run: run.runId,
    cluster: run.cluster,
    wave,
    revision: route.to.revision,
    namespaces,
    release: run.release,
  };
  return JSON.stringify(body);
}

function decide(gate: WebhookGate, answer: PostAnswer): GateVerdict | null {
  const verdict = judgeAnswer(answer.status);
  if (verdict === null) return null;
  const measurements = [{ metric: `webhook/${gate.name}`, value: answer.status, verdict, detail: sayOf(answer) }];
  const about = `The webhook ${gate.name} for ${whose(gate)}`;
  if (verdict === 'successful') return { verdict, sentence: `${about} says yes (${answer.status}).`, measurements };
  return {
    verdict,
    sentence: `${about} says no: it answered ${sayOf(answer)}`,
    remedy: 'Read what it answered. Roll back; or mend the cause, then `retry` asks anew.',
    measurements,
  };
}

function undecided(gate: WebhookGate, said: string, tries: number): GateVerdict {
  const sentence = `The webhook ${gate.name} for ${whose(gate)} has not decided in time, asked ${tries} times: ${said}`;
  const remedy = 'Make the webhook answer with 2xx or 4xx, then `retry`; or promote the gate.';
  const measurements = [{ metric: `webhook/${gate.name}`, verdict: 'error' as const, detail: said }];
  return { verdict: 'error', sentence, remedy, measurements };
}

function whose({ input }: WebhookGate): string {
  return subjectOf({ cluster: input.run.cluster, ...input });
}

/** What others write is shown as text, without what looks like a secret. */
function sayOf({ status, text }: PostAnswer): string {
  return redact(`${status} ${text}`.trim()).slice(0, SHOWN);
}
