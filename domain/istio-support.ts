import { minorOf, parseVersion } from './version.js';

/** What the project says of one minor of upstream Istio. */
export interface IstioSupport {
  readonly minor: string;
  /** Kubernetes minors that it is tested and supported on, both ends included. */
  readonly kubernetes: { readonly min: string; readonly max: string };
  /** Day after which it gets no patches any more (`2026-08-31`); null while none is announced. */
  readonly endOfLife: string | null;
  /** The day was only expected when it was written down, as the end of a month. */
  readonly expected?: true;
}

/**
 * Newest first. From the table "Support status of Istio releases" (istio.io, docs/releases/supported-releases), as endoflife.date had
 * read it by machine on 2026-08-22; the Kubernetes ranges of 1.20 to 1.22, and the end of 1.20, were compared with the file behind that table as well.
 * 1.31 was no release then: its lower end is what its own source warns below (`MinK8SVersion`, 2026-08-27), its upper end is not
 * verified (that of 1.30), its end of life is not announced.
 */
export const ISTIO_SUPPORT: readonly IstioSupport[] = [
  { minor: '1.31', kubernetes: { min: '1.32', max: '1.36' }, endOfLife: null },
  { minor: '1.30', kubernetes: { min: '1.32', max: '1.36' }, endOfLife: '2026-11-30', expected: true },
  { minor: '1.29', kubernetes: { min: '1.31', max: '1.35' }, endOfLife: '2026-08-31', expected: true },
  { minor: '1.28', kubernetes: { min: '1.30', max: '1.34' }, endOfLife: '2026-07-01' },
  { minor: '1.27', kubernetes: { min: '1.29', max: '1.33' }, endOfLife: '2026-04-07' },
  { minor: '1.26', kubernetes: { min: '1.29', max: '1.33' }, endOfLife: '2025-12-22' },
  { minor: '1.25', kubernetes: { min: '1.29', max: '1.32' }, endOfLife: '2025-09-30' },
  { minor: '1.24', kubernetes: { min: '1.28', max: '1.31' }, endOfLife: '2025-06-24' },
  { minor: '1.23', kubernetes: { min: '1.27', max: '1.30' }, endOfLife: '2025-04-16' },
  { minor: '1.22', kubernetes: { min: '1.27', max: '1.30' }, endOfLife: '2025-01-22' },
  { minor: '1.21', kubernetes: { min: '1.26', max: '1.29' }, endOfLife: '2024-09-27' },
  { minor: '1.20', kubernetes: { min: '1.25', max: '1.29' }, endOfLife: '2024-06-25' },
];

/** The row of a version's minor; null when the version cannot be read or its minor is not in the table. */
export function supportOf(version: string): IstioSupport | null {
  const parsed = parseVersion(version);
  const minor = parsed === null ? '' : minorOf(parsed);
  return ISTIO_SUPPORT.find((row) => row.minor === minor) ?? null;
}

/** Whether a minor gets patches on a day; `soon` within the month before its end. */
export interface EndOfLife {
  readonly minor: string;
  readonly date: string;
  readonly expected: boolean;
  readonly state: 'over' | 'soon' | 'later';
}

const SOON_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * When a version's minor gets no patches any more.
 * @param today given from outside, so that the answer is the same whenever it is asked again
 * @returns null when no end is announced, or when the minor is not in the table
 */
export function endOfLifeOf(version: string, today: Date): EndOfLife | null {
  const row = supportOf(version);
  if (row?.endOfLife == null) return null;
  const { minor, endOfLife: date, expected = false } = row;
  const left = Date.parse(`${date}T23:59:59Z`) - today.getTime();
  return { minor, date, expected, state: left < 0 ? 'over' : left < SOON_MS ? 'soon' : 'later' };
}
