/** How fast one client may ask its API server. */
export interface Rate {
  /** Requests per second in the long run. */
  readonly qps: number;
  /** Requests that may come at once after a quiet time. */
  readonly burst: number;
}

/** The clock that waits and refills are measured with; a test brings its own. */
export interface Clock {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * A token bucket: the API server's own fairness counts all clients of a user together, so that one Meshlift must not crowd out the rest.
 * @returns a function that resolves when its caller may send one request; callers are served in order
 */
export function createTokenBucket({ qps, burst }: Rate, clock: Clock): () => Promise<void> {
  let tokens = burst;
  let refilled = clock.now();
  return async () => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - refilled) / 1000) * qps);
    refilled = now;
    // A debt is a place in the queue: whoever comes later waits longer.
    tokens -= 1;
    if (tokens < 0) await clock.sleep((-tokens / qps) * 1000);
  };
}
