import { canRollBack, isFinal, nextStep, phaseTitle, stepOf } from '../../domain/phases.js';
import type { MoveProgress } from '../../domain/moves-told.js';
import type { Obstacle, RunState } from '../../domain/run.js';
import { between, elapsed } from './elapsed.js';
import type { Pen, Style } from './pen.js';
import { wrap } from './text.js';

/** The phase in words, with the names of waves where the plan is known: `migrating wave rest`. */
export function phaseWords({ phase, plan }: Pick<RunState, 'phase' | 'plan'>): string {
  const title = phaseTitle(phase);
  const step = stepOf(phase);
  if (step === null || !('wave' in step)) return title;
  const name = plan?.waves[step.wave]?.name;
  return name === undefined ? title : title.replace(`wave ${step.wave + 1}`, `wave ${name}`);
}

/** The run in one line, as the answer to a command. */
export function renderSummary(state: RunState): string {
  const pause = state.pause === null ? '' : `, paused by ${state.pause.by}: ${state.pause.reason}`;
  return `${state.cluster}: ${phaseWords(state)}${pause}`;
}

/** Lines above the tree: what moves where, the phase and since when, and who asked for what. */
export function titleLines(state: RunState, pen: Pen, now: number): string[] {
  const { dot, arrow, paused } = pen.glyphs;
  const { cluster, release, runId, plan, pause, phase, rollback } = state;
  const route = plan?.route ? `${plan.route.from.version} ${arrow} ${plan.route.to.version}` : `${arrow} ${release}`;
  const lines = [
    pen.line([cluster, 'bold'], [` ${dot} ${route}`], [` ${dot} started by ${state.requestedBy}, run ${runId}`, 'dim']),
    pen.line([phaseWords(state), styleOf(state)], [` ${dot} ${duration(state, now)}${soakLeft(state, now)}`]),
  ];
  if (rollback !== null && phase.name !== 'rolledBack')
    lines.push(pen.line([`Going back, as asked by ${rollback.by}: ${rollback.reason}`, 'yellow']));
  if (pause !== null)
    lines.push(
      pen.line([
        `${paused} Paused by ${pause.by} ${dot} ${between(pause.since, now)} ${dot} ${pause.reason}`,
        'yellow',
      ]),
      ...remedyLines(pause.remedy ?? '', pen),
    );
  return lines;
}

/** Lines below the bar while workloads move: how many, how fast, what of the budget is used, and what holds them back. */
export function progressLines({ progress }: Pick<RunState, 'progress'>, pen: Pen): string[] {
  if (progress === undefined) return [];
  const { workloads, unavailable, eta, holding } = progress;
  const { dot, paused } = pen.glyphs;
  const pace = eta === null ? 'pace not measured yet' : `${eta.rate} pods/min ${dot} ${timeLeft(eta)}`;
  return [
    pen.line(
      [`${workloads.moving} of ${workloads.total} workloads on their way ${dot} ${pace}`],
      [` ${dot} ${unavailable.now} unavailable, ${unavailable.budget} may be`, 'dim'],
    ),
    ...(holding === null
      ? []
      : wrap(`${paused} holding: ${holding}`, pen.width).map((text) => pen.line([text, 'yellow']))),
  ];
}

function timeLeft({ fromSeconds, toSeconds }: NonNullable<MoveProgress['eta']>): string {
  const [from, to] = [roughly(fromSeconds), roughly(toSeconds)];
  return from === to ? `${to} left` : `${from} to ${to} left`;
}

/** An estimate to the second would claim too much. */
function roughly(seconds: number): string {
  return seconds < 100 ? `${seconds}s` : `${Math.ceil(seconds / 60)}m`;
}

/** A remedy may hold a rule to paste: its lines stay whole and keep their indentation. */
function remedyLines(remedy: string, pen: Pen): string[] {
  return remedy === '' ? [] : remedy.split('\n').map((text) => pen.whole([`  ${text}`]));
}

/** Lines that say what the run waits for, what comes next, and what a person can do. */
export function nextLines(state: RunState, pen: Pen): string[] {
  const { phase } = state;
  const obstacle = 'obstacle' in phase ? phase.obstacle : null;
  // The remedy stands with the obstacle already.
  const next = obstacle === null ? nextStep(state) : nextStep(state).replace(obstacle.remedy, '').trim();
  const waits = phase.name === 'blocked' || phase.name === 'awaitingPromotion';
  return [
    ...(obstacle === null ? [] : obstacleLines(obstacle, pen)),
    ...wrap(next, pen.width).map((text) => pen.line([text])),
    ...(waits && canRollBack(state)
      ? [pen.line([`To go back: meshlift rollback ${state.cluster} --reason "..."`, 'dim'])]
      : []),
    ...(phase.name === 'rollbackBlocked' && phase.manualCommands.length > 0
      ? [
          pen.line(['What is left of the rollback, by hand:', 'bold']),
          ...phase.manualCommands.map((command) => pen.whole([`  ${command}`])),
        ]
      : []),
  ];
}

function obstacleLines({ reason, message, remedy }: Obstacle, pen: Pen): string[] {
  const { failed, arrow } = pen.glyphs;
  const hang = ' '.repeat(failed.length + 1);
  return [
    ...wrap(`${reason}: ${message}`, pen.width - hang.length).map((text, index) =>
      pen.line([`${index === 0 ? `${failed} ` : hang}${text}`, 'red']),
    ),
    ...wrap(remedy, pen.width - hang.length - arrow.length - 1).map((text, index) =>
      pen.line([`${hang}${index === 0 ? arrow : ' '.repeat(arrow.length)} ${text}`, 'bold']),
    ),
  ];
}

function duration(state: RunState, now: number): string {
  return isFinal(state.phase) ? `after ${between(state.startedAt, state.since)}` : between(state.since, now);
}

/** When a soak ends by itself, by the clock of who looks. */
function soakLeft({ phase }: RunState, now: number): string {
  if (phase.name !== 'soaking') return '';
  return `, ${elapsed(Date.parse(phase.until) - now)} left`;
}

function styleOf({ phase }: RunState): Style {
  switch (phase.name) {
    case 'succeeded':
      return 'green';
    case 'blocked':
    case 'rollbackBlocked':
    case 'rejected':
      return 'red';
    case 'awaitingPromotion':
    case 'rolledBack':
    case 'cancelled':
    case 'rollingBack':
      return 'yellow';
    default:
      return 'cyan';
  }
}
