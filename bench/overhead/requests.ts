import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile, rounded } from '../support/statistics.js';

/** How long the answers of many requests took, in milliseconds. */
export interface Latencies {
  readonly requests: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What to ask, and how often. */
export interface Load {
  readonly url: string;
  readonly token: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/**
 * Sends requests at their instants, whether those before have been answered or not; the time of each counts from the
 * instant at which it was due, so that a server that stops for a moment cannot hide it.
 */
export async function measureLoad({ url, token, perSecond, seconds }: Load): Promise<Latencies> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const ask = () => statusOf(url, token, agent);
  // Connections and code are warm before anything counts.
  await Promise.all(Array.from({ length: 20 }, ask));
  const took: number[] = [];
  let failed = 0;
  const pending: Promise<void>[] = [];
  const began = performance.now();
  for (let number = 0; number < perSecond * seconds; number++) {
    const due = began + (number * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await delay(early);
    pending.push(
      ask().then((status) => {
        if (status !== 200) failed += 1;
        took.push(performance.now() - due);
      }),
    );
  }
  await Promise.all(pending);
  agent.destroy();
  return { ...latenciesOf(took), failed };
}

/** Calls one after the other. */
export async function measureCalls(count: number, call: () => Promise<unknown>): Promise<Latencies> {
  const took: number[] = [];
  for (let number = 0; number < count; number++) {
    const began = performance.now();
    await call();
    took.push(performance.now() - began);
  }
  return latenciesOf(took);
}

function latenciesOf(took: readonly number[]): Latencies {
  const sorted = [...took].sort((one, other) => one - other);
  return {
    requests: sorted.length,
    failed: 0,
    p50: rounded(quantile(sorted, 0.5), 1),
    p99: rounded(quantile(sorted, 0.99), 1),
    max: rounded(sorted.at(-1) ?? 0, 1),
  };
}

/** @returns the status; 0 when there was no answer */
function statusOf(url: string, token: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const call = request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => resolve(0));
    });
    call.on('error', () => resolve(0));
    call.end();
  });
}
