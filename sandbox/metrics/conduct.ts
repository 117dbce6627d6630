import { z } from 'zod';

/**
 * How the requests of one revision go.
 * - `good`: two in a thousand fail.
 * - `bad`: three in ten are answered with 503.
 * - `slow`: one in ten takes more than a second.
 * - `silent`: nobody asks, and there are no series.
 * - `flapping`: good and bad in turn.
 */
export const CONDUCTS = ['good', 'bad', 'slow', 'silent', 'flapping'] as const;
export type Conduct = (typeof CONDUCTS)[number];

/** What the generator is told. */
export const conductOrderSchema = z.strictObject({
  /** Name of a revision, or `new` for the one that came last, or `old` for the one that was there first. */
  revision: z.string().min(1).max(63),
  make: z.enum(CONDUCTS),
  /** How long a flapping revision stays as it is. */
  periodSeconds: z.number().positive().max(3_600).default(5),
});
export type ConductOrder = z.infer<typeof conductOrderSchema>;

/** Upper bounds of Istio's latency buckets, in milliseconds. */
export const LATENCY_BOUNDS = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

/** How requests end: the share that fails, and the share that has been answered within some bounds of {@link LATENCY_BOUNDS}. */
export interface Manner {
  readonly failing: number;
  readonly within: Readonly<Record<number, number>>;
}

const QUICK = { 5: 0.2, 10: 0.5, 25: 0.9, 50: 0.97, 100: 0.995, 250: 1 };
const MANNERS: Record<Exclude<Conduct, 'silent' | 'flapping'>, Manner> = {
  good: { failing: 0.002, within: QUICK },
  bad: { failing: 0.3, within: QUICK },
  slow: { failing: 0.002, within: { 5: 0.2, 10: 0.5, 25: 0.9, 1_000: 0.9, 2_500: 1 } },
};

/** How requests go at an instant; null while there are none. @param now in seconds */
export function mannerOf(
  { make, periodSeconds }: Pick<ConductOrder, 'make' | 'periodSeconds'>,
  now: number,
): Manner | null {
  if (make === 'silent') return null;
  if (make !== 'flapping') return MANNERS[make];
  return Math.floor(now / periodSeconds) % 2 === 0 ? MANNERS.good : MANNERS.bad;
}
