import { z } from 'zod';

/** Units in seconds, in the order in which they may be joined. */
const UNITS = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
const DURATION = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;

/** Seconds of `90s`, `10m`, `2h`, `7d` or joined, as in `1h30m`; null for anything else. */
export function secondsOf(text: string): number | null {
  if (text === '0') return 0;
  const match = DURATION.exec(text);
  if (match === null || text === '') return null;
  return Object.values(UNITS).reduce((sum, seconds, index) => sum + seconds * Number(match[index + 1] ?? 0), 0);
}

/** A span of whole seconds as one would type it: `90s`, `10m`, `7d`. */
export function durationText(seconds: number): string {
  const fitting = Object.entries(UNITS).find(([, size]) => seconds >= size && seconds % size === 0);
  return fitting === undefined ? `${seconds}s` : `${seconds / fitting[1]}${fitting[0]}`;
}

/** A duration in a policy: text such as `10m`, or whole seconds. Gives seconds. */
export function durationSchema({ min = 0, max }: { readonly min?: number; readonly max: number }) {
  const text = z
    .string()
    .max(30)
    .transform((value, context) => {
      const seconds = secondsOf(value);
      if (seconds !== null) return seconds;
      context.addIssue({ code: 'custom', message: 'a duration has the form 90s, 10m, 2h or 7d, joined as in 1h30m' });
      return z.NEVER;
    });
  return z.union([z.number(), text]).pipe(z.int().min(min).max(max));
}
