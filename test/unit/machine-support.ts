import fc from 'fast-check';
import { accept, toEvent } from '../../domain/accept.js';
import type { Verdict } from '../../domain/gate-verdict.js';
import { initialState, isFinal, wasTouched } from '../../domain/phases.js';
import type { Finding, Plan, Route, UpgradeOptions } from '../../domain/plan.js';
import { policySchema } from '../../domain/policy/schema.js';
import { reduce } from '../../domain/reduce.js';
import type { InGate, NamespaceState, RunCommand, RunEvent, RunState, SoakChange } from '../../domain/run.js';

/** Plans, events, commands and steps without end, and a run that takes them. */

const NAMES = ['catalog', 'cart', 'web', 'pay', 'mail'];
export const GATES = ['canary', 'middle', 'finalize'];
export const HASH = 'a'.repeat(64);
export const by = 'ada';
const PEOPLE = [by, 'ben', 'cleo'];
export const OTHER_HASH = 'c'.repeat(64);
export const reason = 'because';
const obstacle = { reason: 'WorkloadNotReady', message: 'm', remedy: 'Look.' } as const;

const ROUTE: Route = {
  from: { version: '1.6.13', revision: 'default', sidecar: { revision: 'default', proxyTag: '1.6.13' } },
  to: {
    version: '1.6.14-asm.2',
    revision: 'asm-1614-2',
    sidecar: { revision: 'asm-1614-2', proxyTag: '1.6.14-asm.2' },
  },
};

/** What a caller may choose, chosen. */
export const OPTIONS: UpgradeOptions = {
  exclude: [],
  set: [],
  overlays: [],
  inPlace: false,
  carryOver: 'all',
  waivers: [],
  policy: policySchema.parse({}),
  soakSeconds: 0,
  promotionTimeoutSeconds: 60,
  workloadTimeoutSeconds: 60,
  parallelWorkloads: 2,
  finalizeSoakSeconds: 60,
  rollbackGraceSeconds: 3600,
};

const finding = fc.constantFrom('info', 'warning', 'warning', 'blocker').map((severity): Finding => {
  return { check: 'MESH001', severity, reason: 'UnsupportedSource', message: 'm', remedy: 'r' };
});
const manual = { manual: true } as const;
const look = { analysis: 'istio-defaults' } as const;
const policyOf = fc
  .record({
    afterWave: fc.constantFrom(
      [manual],
      [manual],
      [{ soak: 60 }, manual],
      [],
      [look],
      [{ soak: 60 }, look, { manual: true, approvers: 2 }],
      [{ soak: 60 }, { job: 'smoke' }, look, manual],
    ),
    analysis: fc.constantFrom('rollBack', 'rollBackWave', 'pause'),
    inconclusive: fc.constantFrom('rollBackWave', 'pause'),
  })
  .map(({ afterWave, analysis, inconclusive }) =>
    policySchema.parse({ gates: { afterWave }, onFailure: { analysis, inconclusive } }),
  );
/** Up to three waves over up to five namespaces. */
export const planOf = fc
  .record({ sizes: fc.array(fc.nat(2), { maxLength: 3 }), policy: policyOf })
  .map(({ sizes, policy }): Plan => {
    const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
    return {
      cluster: 'shop',
      release: '1.6.14-asm.2',
      route: ROUTE,
      options: { ...OPTIONS, policy },
      policy,
      findings: [],
      waves: sizes.map((size, index) => ({
        name: `w${index}`,
        namespaces: NAMES.slice(starts[index], starts[index]! + size),
        gate: index === sizes.length - 1 ? 'finalize' : GATES[index]!,
      })),
      commands: [],
      totals: { namespaces: 0, workloads: 0, pods: 0 },
      estimateMinutes: { from: 0, to: 0 },
      hash: HASH,
    };
  });

const at = fc.constant('2020-01-01T00:00:00.000Z');
const namespace = fc.constantFrom(...NAMES, 'elsewhere');
const gate = fc.constantFrom(...GATES);
const person = fc.constantFrom(...PEOPLE);
const soak: fc.Arbitrary<SoakChange> = fc.oneof(
  fc.constant('skip' as const),
  fc.integer({ min: -100, max: 100 }).map((extendSeconds) => ({ extendSeconds })),
);
const direction = fc.constantFrom('forward' as const, 'back' as const);
const type = <Type extends string>(name: Type) => fc.constant(name);
/** Any event at all, whether it fits or not. */
const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  fc.record({ type: type('planned'), at, plan: planOf }),
  fc.record({ type: type('preflightFinished'), at, findings: fc.array(finding, { maxLength: 2 }) }),
  fc.record({
    type: fc.constantFrom('prepared', 'installed', 'verified', 'waveFinished', 'soakFinished', 'removalStarted'),
    at,
  }),
  fc.record({ type: type('outsideChange'), at, message: fc.constant('m'), remedy: fc.constant('r') }),
  fc.record({ type: type('namespacesJoined'), at, namespaces: fc.array(namespace, { maxLength: 2 }) }),
  fc.record({ type: type('namespaceStarted'), at, namespace, direction }),
  fc.record({ type: type('namespaceFinished'), at, namespace, direction, workloads: fc.nat(9), pods: fc.nat(9) }),
  fc.record({ type: type('namespaceFailed'), at, namespace, detail: fc.constant('d') }),
  fc.record({ type: fc.constantFrom('finalized', 'rolledBack'), at, proof: fc.constant([]) }),
  fc.record({ type: type('failed'), at, obstacle: fc.constant(obstacle) }),
  fc.record({ type: type('promoted'), at, gate, by: person }),
  fc.record({
    type: type('gateJudged'),
    at,
    wave: fc.nat(2),
    step: fc.nat(2),
    verdict: fc.constantFrom('successful', 'failed', 'inconclusive', 'error'),
    detail: fc.constant('d'),
  }),
  fc.record({ type: type('soakAdjusted'), at, by: person, soak }),
  fc.record({ type: type('waveMovedBack'), at }),
);
/** Any command at all, whether it is accepted or not. */
const anyCommand: fc.Arbitrary<RunCommand> = fc.oneof(
  fc.record({
    type: type('promote'),
    by: person,
    gate,
    planHash: fc.constantFrom(HASH, HASH, OTHER_HASH, 'b'.repeat(64)),
  }),
  fc.record({ type: type('promote'), by: person, gate, planHash: fc.constant(HASH), soak }),
  fc.record({ type: type('promote'), by: person, gate, planHash: fc.constant(HASH), override: fc.constant(reason) }),
  fc.record({
    type: type('changePolicy'),
    by: person,
    planHash: fc.constantFrom(HASH, OTHER_HASH),
    policy: policyOf,
    newHash: fc.constant(OTHER_HASH),
  }),
  fc.record({
    type: fc.constantFrom('pause', 'rollBack'),
    by: fc.constant(by),
    reason: fc.constant(reason),
  }),
  fc.record({ type: fc.constantFrom('resume', 'retry', 'cancel'), by: fc.constant(by) }),
  fc.record({ type: type('skipNamespace'), by: fc.constant(by), namespace, reason: fc.constant(reason) }),
);

/** The events by which a workflow takes the run one step on; without `plan` and clock there would be no step. */
function onward(state: RunState, plan: Plan, now: string): RunEvent | null {
  switch (state.phase.name) {
    case 'planning':
      return { type: 'planned', at: now, plan };
    case 'preflight':
      return { type: 'preflightFinished', at: now, findings: [] };
    case 'preparing':
      return { type: 'prepared', at: now };
    case 'installing':
      return { type: 'installed', at: now };
    case 'verifying':
      return { type: 'verified', at: now };
    case 'soaking':
      return { type: 'soakFinished', at: now };
    case 'analysing':
      return judged(state.phase, 'successful', now);
    default:
      return onwardLater(state, now);
  }
}

function onwardLater({ phase, namespaces, removing }: RunState, now: string): RunEvent | null {
  switch (phase.name) {
    case 'migrating':
      return moveOne(
        namespaces.filter(({ wave, status }) => wave === phase.wave && status !== 'moved' && status !== 'skipped'),
        'forward',
        now,
      );
    case 'awaitingPromotion':
      return { type: 'promoted', at: now, gate: phase.gate, by: nextPerson(phase.approvals) };
    case 'rollingBackWave':
      return moveOne(
        namespaces.filter(
          (row) => row.wave === phase.wave && wasTouched(row) && row.status !== 'movedBack' && row.status !== 'skipped',
        ),
        'back',
        now,
        { type: 'waveMovedBack', at: now },
      );
    case 'finalizing':
      return removing ? { type: 'finalized', at: now, proof: [] } : { type: 'removalStarted', at: now };
    case 'blocked':
    case 'rollbackBlocked':
      return { type: 'retried', at: now, by };
    case 'rollingBack':
      return moveOne(
        namespaces.filter((row) => row.startedAt !== undefined && row.status !== 'movedBack'),
        'back',
        now,
      );
    default:
      return null;
  }
}

function judged({ wave, step }: InGate, verdict: Verdict, now: string): RunEvent {
  return { type: 'gateJudged', at: now, wave, step, verdict, detail: 'd' };
}

function nextPerson(approvals: readonly { readonly by: string }[]): string {
  return PEOPLE.find((name) => !approvals.some((approval) => approval.by === name))!;
}

function moveOne(
  [row]: NamespaceState[],
  to: 'forward' | 'back',
  now: string,
  done: RunEvent = to === 'forward' ? { type: 'waveFinished', at: now } : { type: 'rolledBack', at: now, proof: [] },
): RunEvent {
  if (row === undefined) return done;
  const base = { at: now, namespace: row.namespace, direction: to };
  const isUnderWay = row.status === (to === 'forward' ? 'moving' : 'movingBack');
  return isUnderWay
    ? { type: 'namespaceFinished', workloads: 1, pods: 1, ...base }
    : { type: 'namespaceStarted', ...base };
}

/** The namespace that is under way fails; where there is none, the step itself does. */
function trouble({ namespaces, phase }: RunState, now: string): RunEvent {
  if (phase.name === 'analysing') return judged(phase, 'failed', now);
  const row = namespaces.find(({ status }) => status === 'moving' || status === 'movingBack');
  if (row === undefined) return { type: 'failed', at: now, obstacle };
  return { type: 'namespaceFailed', at: now, namespace: row.namespace, detail: 'd' };
}

type Step =
  | { readonly kind: 'onward' }
  | { readonly kind: 'trouble' }
  | { readonly kind: 'event'; readonly event: RunEvent }
  | { readonly kind: 'command'; readonly command: RunCommand };
/** Half of the steps lead onward, so that late phases are reached; the rest is anything. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant({ kind: 'onward' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'trouble' as const }) },
    { weight: 3, arbitrary: anyEvent.map((event) => ({ kind: 'event' as const, event })) },
    { weight: 2, arbitrary: anyCommand.map((command) => ({ kind: 'command' as const, command })) },
  ),
  { maxLength: 60, size: 'max' },
);
export const settings = { numRuns: 300 };

interface Passage {
  readonly before: RunState;
  readonly step: Step;
  /** Null for a command that was refused: no event came of it. */
  readonly event: RunEvent | null;
  readonly after: RunState;
}

/** A run that has just begun. */
export function begin(): RunState {
  return initialState({ cluster: 'shop', release: '1.6.14-asm.2', runId: 'r', requestedBy: by, at: timeOf(0) });
}

/** Plays the steps as the workflow would; every state is frozen, so a reducer that changes one fails. */
export function play(plan: Plan, sequence: readonly Step[]): Passage[] {
  let state = deepFreeze(begin());
  return sequence.map((step, index) => {
    const before = state;
    const event = eventOf(before, step, plan, timeOf(index + 1));
    state = event === null ? before : deepFreeze(reduce(before, event));
    return { before, step, event, after: state };
  });
}

function eventOf(state: RunState, step: Step, plan: Plan, now: string): RunEvent | null {
  if (step.kind === 'onward') return onward(state, plan, now);
  if (step.kind === 'trouble') return trouble(state, now);
  if (step.kind === 'event') return { ...step.event, at: now };
  return accept(state, step.command) === null ? toEvent(step.command, now) : null;
}

/** The state after all steps. */
export function endOf(plan: Plan, sequence: readonly Step[]): RunState {
  return play(plan, sequence).at(-1)?.after ?? begin();
}

/** Takes a run onward until it is over; gives up after more steps than any run has. */
export function driveToEnd(state: RunState, plan: Plan): RunState {
  let current = state;
  for (let step = 0; step < 200 && !isFinal(current.phase); step++) {
    const event = onward(current, plan, timeOf(1000 + step));
    if (event !== null) current = reduce(current, event);
  }
  return current;
}

/** A time, later for each greater number. */
export function timeOf(index: number): string {
  return new Date(1_600_000_000_000 + index * 1000).toISOString();
}

/** Makes a value unchangeable: whoever writes into it fails. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

/** Checks every passage of many random runs. */
export function always(check: (passage: Passage, plan: Plan) => void): void {
  fc.assert(
    fc.property(planOf, steps, (plan, sequence) => {
      for (const passage of play(plan, sequence)) check(passage, plan);
    }),
    settings,
  );
}
