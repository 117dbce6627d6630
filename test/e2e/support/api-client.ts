import { randomUUID } from 'node:crypto';
import type { JournalEntry, Operation } from '../../../domain/journal.js';
import { isBlocking } from '../../../domain/checks/verdicts.js';
import type { RunState } from '../../../domain/run.js';

/** One answer of the API, with its body parsed. */
export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** The API as any HTTP client sees it. */
export class ApiClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  async request<Body = unknown>(method: string, path: string, body?: unknown, key?: string): Promise<Answer<Body>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : null) as Body };
  }

  /** Starts an upgrade and gives the path of the run. Between the two looks of finalising it waits seconds, not a minute. */
  async start(cluster: string, options: Record<string, unknown> = {}, release = '1.6.14-asm.2'): Promise<string> {
    const body = { cluster, release, options: { finalizeSoakSeconds: 5, ...options } };
    const answer = await this.request('POST', '/v1/upgrades', body, randomUUID());
    if (answer.status !== 202) throw new Error(`start answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    const location = answer.headers.get('location');
    if (location === null) throw new Error('start answered without a Location');
    return location;
  }

  async state(run: string): Promise<RunState> {
    const answer = await this.request<RunState>('GET', run);
    if (answer.status !== 200) throw new Error(`GET ${run} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async command(run: string, verb: string, body: unknown = {}): Promise<Answer<Record<string, unknown>>> {
    return this.request('POST', `${run}/${verb}`, body, randomUUID());
  }

  /** Promotes the gate that the run waits at. */
  async promote(run: string): Promise<void> {
    const { phase, plan } = await this.state(run);
    if (phase.name !== 'awaitingPromotion') throw new Error(`the run is in ${phase.name}, not at a gate`);
    const answer = await this.command(run, 'promote', { gate: phase.gate, planHash: plan?.hash });
    if (answer.status !== 200) throw new Error(`promote answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  async operations(run: string): Promise<Operation[]> {
    const answer = await this.request<{ items: Operation[] }>('GET', `${run}/operations`);
    return answer.body.items;
  }

  /** Reads the event stream until the run is over, or until `count` entries came. */
  async events(run: string, options: { lastEventId?: number; count?: number } = {}): Promise<JournalEntry[]> {
    const response = await fetch(`${this.url}${run}/events`, {
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(options.lastEventId === undefined ? {} : { 'last-event-id': String(options.lastEventId) }),
      },
    });
    const entries: JournalEntry[] = [];
    let buffer = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      buffer += Buffer.from(chunk).toString('utf8');
      const blocks = buffer.split('\n\n');
      buffer = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = block.split('\n').find((line) => line.startsWith('data: '));
        // The last event, `end`, is no entry of the journal and has no id.
        if (data !== undefined && block.includes('id: ')) entries.push(JSON.parse(data.slice(6)) as JournalEntry);
      }
      // Leaving the loop closes the stream.
      if (options.count !== undefined && entries.length >= options.count) return entries.slice(0, options.count);
    }
    return entries;
  }

  /** Waits until `wanted` says yes. A run that ends or stops elsewhere fails at once, with its own words. */
  async until(run: string, wanted: (state: RunState) => boolean, withinMs = 600_000): Promise<RunState> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const state = await this.state(run).catch((error: unknown) => {
        if (Date.now() > deadline) throw error;
        return null;
      });
      if (state !== null && wanted(state)) return state;
      if (state !== null && isStuck(state)) throw new Error(`the run stands still: ${sayOf(state)}`);
      if (Date.now() > deadline) throw new Error(`not reached in time; the run is ${JSON.stringify(state?.phase)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  untilPhase(run: string, name: RunState['phase']['name']): Promise<RunState> {
    return this.until(run, (state) => state.phase.name === name);
  }

  /** Waits until so many workloads have been restarted, of all waves together. */
  async untilRestarted(run: string, count: number): Promise<void> {
    const restarted = async () => {
      const ids = (await this.operations(run)).map(({ id }) => id.split('#')[0] ?? '');
      return new Set(ids.filter((id) => id.startsWith('restart/'))).size;
    };
    for (const deadline = Date.now() + 600_000; (await restarted().catch(() => 0)) < count;) {
      if (Date.now() > deadline) throw new Error(`${count} workloads were not restarted in time`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Waits until half of all workloads have been restarted. A budget of a few at once keeps the others waiting. */
  async untilHalfWay(run: string): Promise<void> {
    const { plan } = await this.state(run);
    await this.untilRestarted(run, Math.ceil((plan?.totals.workloads ?? 0) / 2));
  }

  untilGate(run: string, gate: string): Promise<RunState> {
    return this.until(run, ({ phase }) => phase.name === 'awaitingPromotion' && phase.gate === gate);
  }
}

function isStuck({ phase }: RunState): boolean {
  return ['blocked', 'rollbackBlocked', 'rejected', 'cancelled', 'rolledBack', 'succeeded'].includes(phase.name);
}

/** Where a run stands, and what keeps it there. */
export function sayOf({ phase, findings }: RunState): string {
  const blocking = findings.filter(isBlocking).map(({ check, message }) => `${check} ${message}`);
  return [JSON.stringify(phase), ...blocking].join('; ');
}
