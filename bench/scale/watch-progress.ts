import { setTimeout as delay } from 'node:timers/promises';
import type { Observer } from '../support/observer.js';
import type { Served } from '../support/served.js';
import { usageOf } from '../support/usage.js';

/** Once a second: seconds since the first label, pods that are new and ready, resident set of the worker in MB. */
export type Sample = readonly [seconds: number, newReady: number, workerRssMb: number];

/** How a long wave went. */
export interface Progress {
  readonly samples: readonly Sample[];
  /** The longest time in which no further pod was new and ready. */
  readonly longestGapSeconds: number;
  readonly peakRssMb: number;
}

/** Looks at a run once a second until it is told to stop. */
export function watchProgress({ observer, served }: { readonly observer: Observer; readonly served: Served }) {
  const samples: Sample[] = [];
  let peakRssMb = 0;
  let longestGapSeconds = 0;
  let stopped = false;
  const look = async () => {
    let most = 0;
    let since = Date.now();
    while (!stopped) {
      await delay(1_000);
      const { rssMb, peakRssMb: peak } = usageOf((await served.pids()).worker);
      peakRssMb = Math.max(peakRssMb, peak);
      const startedAt = observer.startedAt();
      if (startedAt === null) continue;
      const { newReady } = observer.counts();
      samples.push([Math.round((Date.now() - startedAt) / 1000), newReady, rssMb]);
      if (newReady > most || observer.doneAt() !== null || samples.length === 1) since = Date.now();
      most = Math.max(most, newReady);
      longestGapSeconds = Math.max(longestGapSeconds, (Date.now() - since) / 1000);
    }
  };
  const looking = look();
  // Heard when it is stopped.
  looking.catch(() => undefined);
  return {
    async stop(): Promise<Progress> {
      stopped = true;
      await looking;
      return { samples, longestGapSeconds, peakRssMb };
    },
  };
}
