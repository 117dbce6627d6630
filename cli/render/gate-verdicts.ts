import type { Measurement } from '../../domain/gate-verdict.js';
import { stepOf } from '../../domain/phases.js';
import { stepText } from '../../domain/policy/gate-words.js';
import { gateStepsOf } from '../../domain/policy/of-wave.js';
import type { JudgedStep, RunState } from '../../domain/run.js';
import type { Pen } from './pen.js';

/** What the looking steps of the gate at hand have said last, and what they have measured where that is not good. */
export function verdictLines(state: RunState, pen: Pen): string[] {
  const step = stepOf(state.phase);
  if (step === null || !('wave' in step)) return [];
  const { wave } = step;
  return (state.verdicts ?? [])
    .filter((judged) => judged.wave === wave)
    .flatMap((judged) => judgedLines(state, judged, pen));
}

function judgedLines(
  state: RunState,
  { wave, step, verdict, detail, measurements = [] }: JudgedStep,
  pen: Pen,
): string[] {
  const isGood = verdict === 'successful';
  const { done, failed, warning, dot } = pen.glyphs;
  const glyph = isGood ? done : verdict === 'failed' ? failed : warning;
  const found = gateStepsOf(state, wave)[step];
  return [
    pen.line(
      [`${glyph} `, isGood ? 'green' : verdict === 'failed' ? 'red' : 'yellow'],
      [found === undefined ? `step ${step + 1}` : stepText(found)],
      [` ${dot} ${verdict} ${dot} ${detail}`, 'dim'],
    ),
    ...measurements.filter((each) => each.verdict !== 'successful').map((each) => pen.line([`    ${measured(each)}`])),
    // Links are for copying.
    ...measurements.flatMap(({ link, verdict: its }) =>
      link === undefined || its === 'successful' ? [] : [pen.whole([`    ${link}`, 'dim'])],
    ),
  ];
}

function measured({ metric, value, control, threshold, verdict, detail }: Measurement): string {
  return [
    `${metric} ${value === undefined ? 'no data' : String(value)}`,
    ...(threshold === undefined ? [] : [`wanted: ${threshold}`]),
    ...(control === undefined ? [] : [`old revision: ${control}`]),
    verdict,
    ...(detail === undefined ? [] : [detail]),
  ].join(', ');
}
