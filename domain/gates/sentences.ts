import type { Measurement, Verdict, GateVerdict } from '../gate-verdict.js';
import { named } from '../named.js';
import { round } from './measurement.js';

/** Whom a verdict is about. */
export interface Subject {
  readonly cluster: string;
  readonly wave: string;
  readonly namespaces: readonly string[];
}

/** `wave canary of cluster prod (namespaces shop, cart)`; a wave of gateways alone has no namespaces of its own. */
export function subjectOf({ cluster, wave, namespaces }: Subject): string {
  const noun = namespaces.length === 1 ? 'namespace' : 'namespaces';
  const where = namespaces.length === 0 ? '' : ` (${noun} ${named(namespaces)})`;
  return `wave ${wave} of cluster ${cluster}${where}`;
}

/** One measurement in a clause: `error-ratio is 0.31, the old revision has 0.002 (in other namespaces at the same moment); it must be ...`. */
export function tellMeasurement({ metric, value, control, threshold, detail }: Measurement): string {
  // What was not measured needs no more words than why.
  if (value === undefined && detail !== undefined) return `${metric}: ${detail}`;
  const measured = value === undefined ? `${metric} has no value` : `${metric} is ${round(value)}`;
  const compared = control === undefined ? '' : `, the old revision has ${round(control)}`;
  const said = detail === undefined ? '' : ` (${detail})`;
  const wanted = threshold === undefined ? '' : `; it must be ${threshold}`;
  return `${measured}${compared}${said}${wanted}`;
}

const MAX_LINK = 1_500;

const HEADLINES: Record<Verdict, string> = {
  successful: 'is successful',
  failed: 'has failed',
  inconclusive: 'is inconclusive',
  error: 'could not be made',
};

const REMEDIES: Record<Exclude<Verdict, 'successful'>, string> = {
  failed: 'Look at the graph behind the link. Roll back; or mend the cause, then `retry` measures anew.',
  inconclusive:
    'Look at the wave yourself: promote the gate when it is well, or roll back; `retry` measures anew, for instance when there is traffic.',
  error: 'Make the metrics answer, then `retry` measures anew; or look at the wave yourself and promote the gate.',
};

/**
 * The verdict of an analysis with its sentence.
 * @param analysis with its article, `The analysis istio-defaults`
 * @param measurements of each metric the one that decided it; those of dry runs have no say
 */
export function tellAnalysis(
  analysis: string,
  subject: Subject,
  verdict: Verdict,
  measurements: readonly (Measurement & { readonly dryRun?: boolean })[],
): GateVerdict {
  const deciding = measurements.filter((each) => each.verdict === verdict && each.dryRun !== true);
  const [first] = deciding;
  const link = verdict === 'successful' ? '' : seeAlso(first?.link);
  const what = named(deciding.map(verdict === 'successful' ? tellBriefly : tellMeasurement), 3);
  return {
    verdict,
    sentence: `${analysis} for ${subjectOf(subject)} ${HEADLINES[verdict]}: ${what}.${link}`,
    ...(verdict === 'successful' ? {} : { remedy: REMEDIES[verdict] }),
    measurements: measurements.map(({ dryRun, ...measurement }) =>
      dryRun === true
        ? { ...measurement, detail: joined('a dry run: decides nothing', measurement.detail) }
        : measurement,
    ),
  };
}

/** An address with the names of very many namespaces is no help in a sentence; it stands with the measurement. */
function seeAlso(link = ''): string {
  return link === '' || link.length > MAX_LINK ? '' : ` See ${link}`;
}

function tellBriefly({ metric, value, control }: Measurement): string {
  const compared = control === undefined ? '' : ` (the old revision ${round(control)})`;
  return value === undefined ? metric : `${metric} ${round(value)}${compared}`;
}

function joined(first: string, second: string | undefined): string {
  return second === undefined ? first : `${first}; ${second}`;
}
