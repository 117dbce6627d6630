import { setTimeout as delay } from 'node:timers/promises';

/** What has been set up and must be taken down again, last first. */
export interface Teardown {
  /** Remembers how to take something down. */
  add(step: () => void | Promise<void>): void;
  /** Takes everything down, once; a step that fails does not stop the others. @throws the first failure, at the end */
  run(): Promise<void>;
}

/** No step may hold up the others for ever: the longest one, the worker's time of grace, is well below this. */
const STEP_WITHIN_MS = 30_000;

/** Makes an empty list of things to take down. */
export function createTeardown(): Teardown {
  const steps: (() => void | Promise<void>)[] = [];
  let running: Promise<void> | null = null;

  async function runAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await inTime(step());
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  return {
    add: (step) => void steps.push(step),
    run: () => (running ??= runAll()),
  };
}

async function inTime(step: void | Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = delay(STEP_WITHIN_MS, undefined, { signal: over.signal }).then(
    () => Promise.reject(new Error('a part did not end in time')),
    () => undefined,
  );
  try {
    await Promise.race([step, late]);
  } finally {
    over.abort();
  }
}
