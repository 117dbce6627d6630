import { durationText } from '../domain/duration.js';
import { policySchema } from '../domain/policy/schema.js';

/** Every field that has a default, and what it means; one that is missing here fails the page. */
const FIELDS: Readonly<Record<string, string>> = {
  'gateways.approval':
    'whether a person must promote before the wave of the gateways begins (`required`, `none`). Says nothing where gateways come with the control plane: there the start is the approval',
  'budget.maxUnavailablePods':
    'so many pods of all that the run moves, or a share of them, may be unavailable; what others have made unavailable counts',
  'budget.maxUnavailablePerNamespace': 'the same of the pods of one namespace',
  'budget.maxConcurrentWorkloads': 'workloads on their way at once; `auto` adapts to how the cluster bears it',
  'budget.maxSurgePods': 'pods above the wanted number, of all workloads on their way',
  'budget.minReadySeconds': 'a new pod counts as available when it has been Ready for so long',
  'replace.by': '`restart`: a rollout of the owner; `evict`: pod by pod through the Eviction API',
  'replace.rules':
    'a list of `{ namespace, workload, selector, by }`; the first that fits decides, a label of the workload comes before all of them',
  'replace.allowGap': 'whether `evict` may leave a workload of one pod without any for a moment',
  'gates.afterWave': 'the steps after each wave, one after the other; see below',
  'onFailure.workload': 'a workload does not get well: `pauseWave`, `rollBack`',
  'onFailure.maxFailedWorkloads': 'so many workloads of a wave may fail before that',
  'onFailure.analysis': 'an analysis, a webhook or a job fails: `rollBack`, `rollBackWave`, `pause`',
  'onFailure.inconclusive': 'it cannot tell, or could not be asked: `pause`, `rollBack`, `rollBackWave`',
  'timeouts.workload': 'how long one workload may take',
  'timeouts.promotion': 'how long a gate waits for a person; then the run is blocked, never rolled back',
};
const DURATIONS: readonly string[] = ['budget.minReadySeconds', 'timeouts.workload', 'timeouts.promotion'];

const WAVES = [
  [
    'name',
    'name of the wave and of its gate; unique. `nodes`, `gateways` and `finalize` are taken, `rest` can only be the last',
  ],
  ['namespaces', 'these'],
  ['selector', 'those with such labels, as kubectl writes it: `team=shop,tier!=edge,zone in (a,b),!frozen`'],
  [
    'percent',
    'of what the wave may take so much, the smallest namespaces first, that no more of all pods than this has been moved by it and the waves before it. Never goes down',
  ],
  ['order', 'namespaces that begin first, in this order: while a workload of one waits, none of a later one begins'],
  ['exclude', 'not these; a later wave gets them'],
  ['perNamespacePercent', 'so many of the workloads of each namespace move first, the others when those are there'],
  ['gates', 'instead of `gates.afterWave`'],
] as const;

const STEPS = [
  [
    '`{ soak: 10m }`',
    'a durable timer. Analyses that follow in the same gate look meanwhile, too: a failure ends the soak at once',
  ],
  [
    '`{ analysis: NAME }`',
    'a built-in or registered [analysis](analysis.md), or `{ analysis: { metrics: [...] } }` with PromQL of your own',
  ],
  ['`{ webhook: NAME }`', 'asks a registered address'],
  ['`{ job: NAME }`', 'runs a registered Job in the cluster'],
  ['`{ manual: true, approvers: 1 }`', 'as many different people must `meshlift promote`'],
] as const;

/** The reference of policies: every field with the default that the schema has. */
export function policyPage(): string {
  const defaults = leavesOf(policySchema.parse({}));
  const rows = [...defaults].map(([path, value]) => {
    const meaning = FIELDS[path];
    if (meaning === undefined) throw new Error(`docs/policy-page.ts does not describe ${path}`);
    return [`\`${path}\``, meaning, `\`${textOf(path, value)}\``];
  });
  return [
    '# Policy',
    'How a run goes: waves, gates, safety budget, failures, timeouts. YAML or JSON, given with `meshlift plan|start --policy FILE`, or as `options.policy` in the API. It is part of the plan and of its hash. Durations are `90s`, `10m`, `2h`, `7d`, joined as in `1h30m`, or seconds. `meshlift policy validate FILE` names what is wrong, `meshlift policy explain [FILE]` says in words what it does; see [Choose waves and gates](../how-to/choose-waves-and-gates.md).',
    table(
      ['field', 'meaning', 'default'],
      [
        ['`waves`', 'a list of waves; see below', 'the canary, then the rest'],
        [
          '`gateways.when`',
          'a demand, not a switch: `lastWave` (current Istio beside the old control plane) or `withControlPlane` (the path of the guide, and in place by istioctl). What the release cannot do is refused in the plan (MESH002)',
          'as the release does it',
        ],
        ...rows,
      ],
    ),
    '`--soak`, `--promotion-timeout`, `--workload-timeout` and `--parallel-workloads` say something instead of the policy. `--soak` replaces the soaks of `gates.afterWave`, not those of a wave with `gates` of its own.',
    '## A wave',
    'A namespace that several waves name is in the first of them; what none names is in a last wave, `rest`. Without `namespaces`, `selector` and `percent` a wave takes all that is left. An empty wave vanishes. The driver adds `nodes` and `gateways` behind them where the mesh has such.',
    table(
      ['field', 'meaning'],
      WAVES.map(([field, meaning]) => [`\`${field}\``, meaning]),
    ),
    'Which namespace is in which wave is fixed in the plan. A workload that appears later in one of its namespaces moves with it, or begins with the new sidecar where that has moved already. A **namespace** that asks for the old control plane only after the plan was made joins the last wave, unless `exclude` names it: the run looks when that wave begins and again when all of it has moved, says who has joined, and keeps the labels for the way back. One that comes later still is found by finalising (`OldRevisionInUse`), which names it and removes nothing until it is gone or moved by hand.',
    'An unknown namespace, or a selector that selects nothing, is a finding (MESH002). `--canary` and `waves` together are refused.',
    '## A gate',
    'The steps run one after the other. Without any the next wave begins by itself; behind the last wave that is the end of the old control plane. Where `gateways.approval` is `required`, the wave before the gateways ends with a promotion even if its gate has none.',
    table(['step', 'what it waits for'], STEPS),
    'What a looking step says: `successful` goes on, `failed` is `onFailure.analysis`, `inconclusive` and `error` are `onFailure.inconclusive`. While somebody has paused the run nothing goes back by itself: it is blocked instead. `rollBackWave` brings back the namespaces of that wave only, then the run is blocked and `retry` moves the wave again; where the wave has moved a tag, a part of every node or a gateway, and in place, the whole run goes back (`meshlift plan` and `policy explain --cluster` name such waves).',
    '## Another policy for a run that is under way',
    '`meshlift policy change CLUSTER -f FILE` (`POST /v1/upgrades/{cluster}/{runId}/policy`) replaces the whole policy for the waves that have not begun; those that have keep theirs. What can change: gates, budget, replacement, failures, timeouts, `perNamespacePercent`. What cannot (`PolicyFixed`): who is in which wave, their names and order, `gateways.when`. The hash of the plan changes: it follows from the hash before and the new policy, so a promotion names both. Who did it stands in the timeline and the journal.',
  ].join('\n\n');
}

function leavesOf(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[path, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, part]) => [...leavesOf(part, path === '' ? key : `${path}.${key}`)]),
  );
}

function textOf(path: string, value: unknown): string {
  if (typeof value === 'number' && DURATIONS.includes(path)) return durationText(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
