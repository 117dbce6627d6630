import { setTimeout as delay } from 'node:timers/promises';
import type { IstiodHost } from './host.js';
import { startIstiod, type Istiod } from './istiod.js';
import type { PodNetwork } from './network.js';
import type { IstiodPod } from './pod.js';
import { writeReadiness } from './pod-readiness.js';

const PROBE_PERIOD_MS = 150;

/** Keeps one real istiod running for as long as its pod lives, as a kubelet would. */
export interface PodKeeper {
  /** Ends the process and cuts its connections; resolves when both are gone. */
  stop(): Promise<void>;
}

/** Starts keeping a pod: start, route, probe, report readiness; start again when the process dies. */
export function keepPod(pod: IstiodPod, host: IstiodHost, network: PodNetwork, log: (line: string) => void): PodKeeper {
  const stopped = new AbortController();
  const kept = keep(pod, host, network, { signal: stopped.signal, log });
  return {
    async stop() {
      // First the connections: from this instant nothing answers for the pod any more.
      network.removeRoutes(pod.ip);
      stopped.abort();
      await kept;
    },
  };
}

interface Keeping {
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

async function keep(pod: IstiodPod, host: IstiodHost, network: PodNetwork, keeping: Keeping): Promise<void> {
  while (!keeping.signal.aborted) {
    try {
      const istiod = await startIstiod(pod, host);
      keeping.log(`${pod.name}: istiod started for ${pod.ip}`);
      await serve(pod, istiod, { host, network }, keeping);
    } catch (error) {
      keeping.log(`${pod.name}: ${(error as Error).message}`);
    }
    await delay(200, undefined, { signal: keeping.signal }).catch(() => undefined);
  }
}

async function serve(
  pod: IstiodPod,
  istiod: Istiod,
  { host, network }: { host: IstiodHost; network: PodNetwork },
  { signal, log }: Keeping,
): Promise<void> {
  let alive = true;
  void istiod.exited.then(() => (alive = false));
  let reported = false;
  try {
    if (!signal.aborted) network.addRoutes(pod.ip, istiod.routes);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set when the process ends
    while (alive && !signal.aborted) {
      const ready = await istiod.isReady();
      if (ready !== reported) {
        await writeReadiness(host.admin, pod, ready);
        reported = ready;
        log(`${pod.name}: ${ready ? 'ready' : 'not ready'}`);
      }
      await delay(PROBE_PERIOD_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    network.removeRoutes(pod.ip);
    await istiod.stop();
    if (reported && !signal.aborted) await writeReadiness(host.admin, pod, false);
  }
}
