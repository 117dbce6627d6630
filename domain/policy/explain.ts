import { durationText } from '../duration.js';
import type { Plan } from '../plan.js';
import { stepText } from './gate-words.js';
import { podsOf, type Amount, type GateStep, type Policy, type WaveRule } from './schema.js';
import { takesAllBack } from './of-wave.js';
import { stepsOf } from './waves-of-plan.js';

/** One heading of an explained policy, with sentences below it. */
export interface Explained {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Whether a field was given by its author, as `budget.maxSurgePods`; else it is a default. */
export type Given = (path: string) => boolean;

/**
 * A policy in words: who moves when, what must be behind it, how much may be away, what happens when something fails.
 * @param plan of a cluster: then the waves have their namespaces, and shares are pods
 */
export function explainPolicy(
  policy: Policy,
  given: Given,
  plan?: Pick<Plan, 'waves' | 'totals' | 'route'>,
): Explained[] {
  const mark = (path: string, text: string) => (given(path) ? text : `${text} (default)`);
  return [
    { title: 'Waves', lines: plan === undefined ? ruleLines(policy) : planLines(policy, plan) },
    { title: 'After each wave', lines: [mark('gates.afterWave', gateText(policy.gates.afterWave))] },
    { title: 'Gateways', lines: gatewayLines(policy, mark) },
    { title: 'Budget', lines: budgetLines(policy, mark, plan?.totals.pods) },
    { title: 'How pods are replaced', lines: replaceLines(policy, mark) },
    { title: 'When something fails', lines: [...failureLines(policy, mark), ...wholeLines(policy, plan)] },
    { title: 'Timeouts', lines: timeoutLines(policy, mark) },
  ];
}

type Mark = (path: string, text: string) => string;

function ruleLines({ waves }: Policy): string[] {
  if (waves === undefined)
    return [
      'canary: the namespaces that --canary names, else the one with the fewest pods; then rest: all others (default)',
    ];
  const isWhole = waves.at(-1)?.name === 'rest';
  return [...waves.map(ruleText), ...(isWhole ? [] : ['rest: what no rule names, if there is anything'])];
}

function ruleText({
  name,
  namespaces,
  selector,
  percent,
  exclude,
  order,
  perNamespacePercent,
  gates,
}: WaveRule): string {
  const from = [
    ...(namespaces === undefined ? [] : [namespaces.join(', ')]),
    ...(selector === undefined ? [] : [`namespaces labelled ${selector}`]),
  ];
  const who = from.length === 0 ? 'namespaces that are left' : from.join(', and ');
  return [
    `${name}: ${who}`,
    ...(percent === undefined ? [] : [`the smallest first, until ${percent}% of all pods have moved`]),
    ...(exclude.length === 0 ? [] : [`without ${exclude.join(', ')}`]),
    ...(order === undefined ? [] : [`beginning with ${order.join(', ')}`]),
    ...(perNamespacePercent === undefined ? [] : [`${perNamespacePercent}% of the workloads of each first`]),
    ...(gates === undefined ? [] : [`its own gate: ${gateText(gates)}`]),
  ].join('; ');
}

function planLines(policy: Policy, { waves }: Pick<Plan, 'waves'>): string[] {
  return waves.map((wave) => {
    const parts = [
      ...(wave.agents ?? []).map(({ daemonSet }) => daemonSet),
      ...(wave.gateways ?? []).map(({ deployment }) => `gateway ${deployment}`),
    ];
    const who = [...wave.namespaces, ...parts].join(', ');
    const first = wave.firstPercent === undefined ? '' : `; ${wave.firstPercent}% of the workloads of each first`;
    return `${wave.name}: ${who === '' ? 'nothing' : who}${first}; then ${gateText(stepsOf(wave, policy))}`;
  });
}

function gateText(steps: readonly GateStep[]): string {
  return steps.length === 0 ? 'the next wave begins by itself' : steps.map(stepText).join(', then ');
}

function gatewayLines({ gateways }: Policy, mark: Mark): string[] {
  const words = { withControlPlane: 'together with the control plane', lastWave: 'in the last wave, one by one' };
  const when = gateways.when === undefined ? 'when the release moves them' : words[gateways.when];
  const approval = {
    required: 'a person promotes before the wave of the gateways begins',
    none: 'nobody needs to promote before them',
  };
  return [mark('gateways.when', when), mark('gateways.approval', approval[gateways.approval])];
}

function budgetLines({ budget }: Policy, mark: Mark, pods: number | undefined): string[] {
  const amount = (value: Amount, of?: number) =>
    typeof value === 'number' || of === undefined ? String(value) : `${podsOf(value, of)} of ${of} (${value})`;
  const most = budget.maxConcurrentWorkloads;
  return [
    mark(
      'budget.maxUnavailablePods',
      `at most ${amount(budget.maxUnavailablePods, pods)} pods unavailable, whoever made them so`,
    ),
    mark(
      'budget.maxUnavailablePerNamespace',
      `at most ${budget.maxUnavailablePerNamespace} of the pods of a namespace`,
    ),
    mark(
      'budget.maxConcurrentWorkloads',
      most === 'auto' ? 'as many workloads at once as the cluster bears' : `at most ${most} workloads at once`,
    ),
    mark('budget.maxSurgePods', `at most ${budget.maxSurgePods} pods more than wanted`),
    mark(
      'budget.minReadySeconds',
      `a new pod counts when it has been Ready for ${durationText(budget.minReadySeconds)}`,
    ),
  ];
}

function replaceLines({ replace }: Policy, mark: Mark): string[] {
  const words = { restart: 'by a rollout of their owner', evict: 'one by one, by the Eviction API' };
  const rules = replace.rules.map(({ namespace, workload, selector, by }) => {
    const whose = [namespace, workload, selector].filter((part) => part !== undefined).join(' ');
    return `${whose === '' ? 'everything' : whose}: ${words[by]}`;
  });
  return [
    mark('replace.by', words[replace.by]),
    ...rules,
    ...(replace.allowGap ? ['a workload of one pod may be without any for a moment'] : []),
  ];
}

function failureLines({ onFailure }: Policy, mark: Mark): string[] {
  const looks = {
    rollBack: 'the whole run goes back',
    rollBackWave: 'its wave goes back, then a person decides',
    pause: 'the run waits for a person',
  };
  const work = { pauseWave: 'the wave waits for a person', rollBack: 'the whole run goes back' };
  const many = onFailure.maxFailedWorkloads;
  return [
    mark('onFailure.analysis', `an analysis, a webhook or a job fails: ${looks[onFailure.analysis]}`),
    mark('onFailure.inconclusive', `it cannot tell (no data, no answer): ${looks[onFailure.inconclusive]}`),
    mark(
      'onFailure.workload',
      `${many === 0 ? 'a workload fails' : `more than ${many} workloads of a wave fail`}: ${work[onFailure.workload]}`,
    ),
  ];
}

/** Where a wave cannot go back alone. Without a plan nobody knows what its waves will move. */
function wholeLines(policy: Policy, plan?: Pick<Plan, 'waves' | 'route'>): string[] {
  const waves = plan?.waves.filter((wave) => takesAllBack(policy, plan.route, wave)) ?? [];
  return waves.map(({ name }) => `${name} cannot go back alone: where its gate sends it back, the whole run goes back`);
}

function timeoutLines({ timeouts }: Policy, mark: Mark): string[] {
  return [
    mark('timeouts.workload', `a workload may take ${durationText(timeouts.workload)}`),
    mark(
      'timeouts.promotion',
      `a gate waits ${durationText(timeouts.promotion)} for a person; then the run is blocked, never rolled back`,
    ),
  ];
}
