/** Measures the parts of the demo that are no phases of the run. */
export interface Stopwatch {
  readonly laps: readonly { readonly name: string; readonly seconds: number }[];
  /** Does the work and remembers how long it took, also when it fails. */
  time<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** Makes a stopwatch without laps. */
export function createStopwatch(now: () => number): Stopwatch {
  const laps: { name: string; seconds: number }[] = [];
  return {
    laps,
    async time(name, work) {
      const start = now();
      try {
        return await work();
      } finally {
        laps.push({ name, seconds: (now() - start) / 1000 });
      }
    },
  };
}
