import { setTimeout as delay } from 'node:timers/promises';
import { buildSandbox, downSandbox, seedSandbox, upSandbox, type Sandbox } from '../../sandbox/sandbox.js';
import type { Teardown } from '../serve/teardown.js';
import type { Stopwatch } from './stopwatch.js';

/** How the mesh of the demo is brought up. */
export interface MeshOptions {
  readonly name: string;
  readonly keep: boolean;
  readonly progress: (line: string) => void;
  readonly stopwatch: Stopwatch;
  readonly teardown: Teardown;
  readonly signal: AbortSignal;
}

/** How long a step that was interrupted may take to notice, before its sandbox is taken down around it. */
const NOTICE_WITHIN_MS = 5_000;

/**
 * Brings a real cluster up, and remembers to take it down.
 * @throws the signal's reason when it is interrupted
 */
export async function bringUpCluster(options: MeshOptions): Promise<Sandbox> {
  const { name, keep, progress, stopwatch, teardown } = options;
  const step = <T>(title: string, work: () => Promise<T>) => stopwatch.time(title, () => interruptible(work, options));
  await step('binaries', () => buildSandbox({ flavour: 'asm16', progress }));
  await downSandbox(name);
  if (!keep) teardown.add(() => takeDown(options));
  return step('sandbox up', () => upSandbox({ name, flavour: 'asm16', progress }));
}

/** Installs the old Istio in the cluster that is up, and opens the demo shop. */
export async function openShop(options: MeshOptions): Promise<void> {
  const { name, progress, stopwatch } = options;
  const seed = () => seedSandbox(name, { progress });
  await stopwatch.time('Istio 1.6.13 and the shop', () => interruptible(seed, options));
}

async function takeDown({ name, progress }: MeshOptions): Promise<void> {
  progress(`taking sandbox ${name} down ...`);
  await downSandbox(name);
}

/**
 * Steps of the sandbox know no interruption. One that is under way loses the ground under its feet; what it still started
 * meanwhile goes when it has given up.
 */
async function interruptible<T>(work: () => Promise<T>, { signal, name, keep, teardown }: MeshOptions): Promise<T> {
  signal.throwIfAborted();
  const working = work();
  const settled = working.then(
    () => undefined,
    () => undefined,
  );
  const over = new AbortController();
  const interrupted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([working, interrupted]);
  } catch (error) {
    if (signal.aborted && !keep) {
      teardown.add(async () => {
        await downSandbox(name);
        await Promise.race([settled, delay(NOTICE_WITHIN_MS)]);
      });
    }
    throw error;
  } finally {
    over.abort();
  }
}
