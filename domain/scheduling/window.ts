/**
 * How many workloads may be on their way at once, as the cluster bears it: it doubles until the first trouble, is halved by
 * each, and grows by one step afterwards (additive increase, multiplicative decrease).
 */
export interface Window {
  readonly size: number;
  /** Whether there has been no trouble yet. */
  readonly isFresh: boolean;
}

const FIRST = 32;
const STEP = 2;
const LARGEST = 5_000;

/** The window of a run that has just begun. @param fixed a size that the policy sets */
export function openWindow(fixed: number | 'auto'): Window {
  return fixed === 'auto' ? { size: FIRST, isFresh: true } : { size: fixed, isFresh: false };
}

/** After a while without trouble in which the window was full. */
export function widened({ size, isFresh }: Window): Window {
  return { size: Math.min(LARGEST, isFresh ? size * 2 : size + STEP), isFresh };
}

/** After trouble. @param moving how many were on their way */
export function narrowed({ size }: Window, moving: number): Window {
  return { size: Math.max(1, Math.floor(Math.min(size, moving) / 2)), isFresh: false };
}
