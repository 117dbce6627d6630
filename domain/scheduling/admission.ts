import type { Footprint } from './footprint.js';

/** A workload that is moved, or is to be. */
export interface Claim extends Pick<Footprint, 'unavailable' | 'surge'> {
  /** `Deployment shop/cart`. */
  readonly name: string;
  readonly namespace: string;
  /** Place of its namespace in the order of the wave: while one waits, none of a later place begins. */
  readonly place: number;
}

/** Pods that are missing now, whoever is the cause. */
export interface Missing {
  readonly all: number;
  readonly in: (namespace: string) => number;
  readonly of: (workload: string) => number;
}

/** The safety budget in pods, and how many workloads may be on their way at once. */
export interface Limits {
  readonly unavailable: number;
  readonly unavailableIn: (namespace: string) => number;
  readonly surge: number;
  readonly atOnce: number;
}

/** Which part of the budget the first one that may not begin would break. */
export type Exhausted = 'atOnce' | 'unavailable' | 'unavailableIn' | 'surge';

/** What may begin now. */
export interface Admission {
  readonly begin: readonly Claim[];
  /** The first that must wait, and for what; null when none must. */
  readonly held: { readonly claim: Claim; readonly by: Exhausted } | null;
}

/** What of the budget is taken, kept up to date while claims are admitted. */
interface Taken {
  unavailable: number;
  surge: number;
  atOnce: number;
  readonly in: Map<string, number>;
}

/**
 * Decides which of the waiting workloads may begin, in their order. What is under way is counted at its worst or as it is,
 * whichever is more, and so is what others have made unavailable: a claim is admitted only where even then the budget
 * holds. One that is larger than the whole budget goes alone. One that waits is passed by others of its place only.
 */
export function admit(
  waiting: readonly Claim[],
  { moving, missing }: { readonly moving: readonly Claim[]; readonly missing: Missing },
  limits: Limits,
): Admission {
  const taken = takenBy(moving, missing);
  const begin: Claim[] = [];
  let held: Admission['held'] = null;
  for (const claim of waiting) {
    if (held !== null && claim.place > held.claim.place) break;
    const by = obstacleFor(claim, { taken, missing }, limits);
    if (by === null) {
      begin.push(claim);
      take(claim, taken, missing);
      continue;
    }
    held ??= { claim, by };
    if (by === 'atOnce') break;
  }
  return { begin, held };
}

/** Pods that would be missing at the worst. */
export function worstCase(moving: readonly Claim[], missing: Missing): number {
  return takenBy(moving, missing).unavailable;
}

function takenBy(moving: readonly Claim[], missing: Missing): Taken {
  const taken: Taken = { unavailable: missing.all, surge: 0, atOnce: 0, in: new Map() };
  for (const claim of moving) take(claim, taken, missing);
  return taken;
}

function take(claim: Claim, taken: Taken, missing: Missing): void {
  const { namespace, surge } = claim;
  const more = moreThanMissing(claim, missing);
  taken.unavailable += more;
  taken.surge += surge;
  taken.atOnce += 1;
  taken.in.set(namespace, (taken.in.get(namespace) ?? 0) + more);
}

/** What a claim may make unavailable beyond what of it is missing already. */
function moreThanMissing({ name, unavailable }: Claim, missing: Missing): number {
  return Math.max(0, unavailable - missing.of(name));
}

function obstacleFor(
  claim: Claim,
  { taken, missing }: { readonly taken: Taken; readonly missing: Missing },
  limits: Limits,
): Exhausted | null {
  const { namespace, unavailable, surge } = claim;
  if (taken.atOnce >= limits.atOnce) return 'atOnce';
  const more = moreThanMissing(claim, missing);
  const inNamespace = missing.in(namespace) + (taken.in.get(namespace) ?? 0);
  const isAlone = taken.atOnce === 0;
  const fits = (used: number, extra: number, whole: number, limit: number) =>
    used + extra <= limit || (isAlone && whole > limit && used <= limit);
  // One whose own pods are missing is not held back by them: to move it may be what brings them back.
  const makesWorse = more > 0 || missing.of(claim.name) === 0;
  if (makesWorse && !fits(taken.unavailable, more, unavailable, limits.unavailable)) return 'unavailable';
  if (makesWorse && !fits(inNamespace, more, unavailable, limits.unavailableIn(namespace))) return 'unavailableIn';
  if (surge > 0 && !fits(taken.surge, surge, surge, limits.surge)) return 'surge';
  return null;
}
