import { setTimeout as delay } from 'node:timers/promises';
import { killTree } from '../../test/support/kill.js';
import { untilSo } from '../support/at-once.js';
import type { Arena } from './arena.js';
import type { Disturb } from './meshlift.js';

/** A pause counts as kept when nothing new began for so long after its last restart. */
const SILENCE_MS = 10_000;
/** What the worker had sent before its end may still arrive; it is not the next worker's. */
const IN_FLIGHT_MS = 250;
const WITHIN_MS = 600_000;

/**
 * Method (p): when a third of the workloads has begun, pause; later, resume; when two thirds have, and work goes on again, kill -9 of the worker.
 * By the observer: how long after the call of pause the last restart began, and how long after the kill the next one.
 */
export const pauseAndKill: Disturb = async (arena, served, run) => {
  const { observer, workloads, say } = arena;
  const begun = (share: number) =>
    untilSo(`${share * 100} % of the restarts`, WITHIN_MS, () => observer.restarts() >= workloads.length * share);
  await begun(0.33);
  const pausedAt = Date.now();
  const answer = await served.api.command(run, 'pause', { reason: 'a measurement' });
  if (answer.status !== 200) throw new Error(`pause answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const lastRestart = await untilSilent(arena);
  const pauseSeconds = Math.max(0, (lastRestart - pausedAt) / 1000);
  say(`paused at ${observer.restarts()} restarts; the last began ${pauseSeconds.toFixed(2)} s after the call`);
  const whenHeld = observer.restarts();
  await served.api.command(run, 'resume');
  await begun(0.66);
  await untilSo('work after the pause', WITHIN_MS, () => observer.restarts() > whenHeld);
  const { worker } = await served.pids();
  // Process 0 would be this one and all its family.
  if (worker === 0) throw new Error('there is no worker to kill');
  killTree(worker);
  const killedAt = Date.now();
  const next = await nextAfter(arena, killedAt + IN_FLIGHT_MS);
  const resumeAfterKillSeconds = (next - killedAt) / 1000;
  say(
    `the worker was killed at ${observer.restarts()} restarts; work went on after ${resumeAfterKillSeconds.toFixed(1)} s`,
  );
  return { pauseSeconds, resumeAfterKillSeconds };
};

async function untilSilent({ observer }: Arena): Promise<number> {
  for (const deadline = Date.now() + WITHIN_MS; Date.now() < deadline;) {
    const last = observer.lastRestartAt();
    if (Date.now() - last > SILENCE_MS) return last;
    await delay(200);
  }
  throw new Error('restarts do not stop after a pause');
}

async function nextAfter({ observer }: Arena, instant: number): Promise<number> {
  await untilSo('work after the kill', WITHIN_MS, () => observer.firstActAfter(instant) !== null);
  return observer.firstActAfter(instant) ?? instant;
}
