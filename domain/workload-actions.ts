/**
 * What Meshlift does with a workload to get new sidecars into its pods:
 * - `restart`: a new annotation on its pod template; its own strategy replaces the pods.
 * - `restartAt`: its own controller is told to replace the pods, its template stays as it is.
 * - `evict`: its pods go one at a time through the Eviction API, each waited for; its template stays as it is.
 * - `wait`: it is left to finish; what comes after it gets the new sidecar.
 * - `report`: a person must do something; Meshlift only says what.
 */
export type WorkloadAction = 'restart' | 'restartAt' | 'evict' | 'wait' | 'report';

/** The strategies of each kind that make a difference to what Meshlift does. `any` where none does. */
interface Strategies {
  readonly Deployment: 'RollingUpdate' | 'Recreate' | 'paused' | 'managed';
  readonly StatefulSet: 'RollingUpdate' | 'partition' | 'OnDelete' | 'managed';
  readonly DaemonSet: 'RollingUpdate' | 'OnDelete' | 'managed';
  readonly ReplicaSet: 'any';
  readonly ReplicationController: 'any';
  readonly Job: 'any';
  readonly CronJob: 'any';
  readonly Rollout: 'any';
  readonly Pod: 'any';
  readonly unknown: 'any';
}

/** What can own a pod. `Rollout` is Argo's, `Pod` is a pod that nothing owns, `unknown` is any other owner. */
export type OwnerKind = keyof Strategies;

/** One row of the table. */
export interface ActionRow {
  readonly action: WorkloadAction;
  /** Why, as a sentence. */
  readonly reason: string;
  /** Whether the old control plane must stay for as long as one of its pods runs, because nothing will end it by itself. */
  readonly needsPerson: boolean;
}

type Table = { readonly [Kind in OwnerKind]: Readonly<Record<Strategies[Kind], ActionRow>> };

const row = (action: WorkloadAction, reason: string): ActionRow => ({
  action,
  reason,
  needsPerson: action === 'report',
});

const MANAGED = row(
  'evict',
  'Another controller owns it and may revert a change of its template, so its pods are evicted one at a time.',
);

/** Kind and strategy to action (pitfalls 4c). A kind or strategy that is missing does not compile. */
export const WORKLOAD_ACTIONS: Table = {
  Deployment: {
    RollingUpdate: row('restart', 'Its own rolling update replaces the pods within its maxSurge and maxUnavailable.'),
    Recreate: row('restart', 'Its strategy stops every pod before the first new one starts: it is down for that time.'),
    paused: row('report', 'A paused Deployment begins no rollout, and Meshlift does not resume what somebody paused.'),
    managed: MANAGED,
  },
  StatefulSet: {
    RollingUpdate: row('restart', 'Its own rolling update replaces the pods one by one, highest ordinal first.'),
    partition: row(
      'evict',
      'A restart would stop at its partition, so its pods are evicted, highest ordinal first, one at a time; the partition stays.',
    ),
    OnDelete: row(
      'evict',
      'With OnDelete its pods change only when they go, so they are evicted, highest ordinal first, one at a time.',
    ),
    managed: MANAGED,
  },
  DaemonSet: {
    RollingUpdate: row('restart', 'Its own rolling update replaces the pods node by node.'),
    OnDelete: row('evict', 'With OnDelete its pods change only when they go, so they are evicted one at a time.'),
    managed: MANAGED,
  },
  ReplicaSet: {
    any: row('evict', 'No Deployment owns it, so nothing rolls it out: its pods are evicted one at a time.'),
  },
  ReplicationController: {
    any: row('evict', 'It knows no rollout: its pods are evicted one at a time.'),
  },
  Job: {
    any: row('wait', 'A restart would do its work twice: it is left to finish, and finalising waits for it.'),
  },
  CronJob: {
    any: row(
      'wait',
      'Its next run gets the new sidecar; a run under way is left to finish, and finalising waits for it.',
    ),
  },
  Rollout: {
    any: row(
      'restartAt',
      'Argo Rollouts replaces its pods by itself, within its own limits, when spec.restartAt is set.',
    ),
  },
  Pod: {
    any: row(
      'report',
      'Nothing brings a bare pod back, so it is never deleted: it holds the finalisation until it is gone.',
    ),
  },
  unknown: {
    any: row(
      'report',
      'Meshlift does not know what its owner does when a pod goes: its pods hold the finalisation until they are replaced.',
    ),
  },
};

/** A workload, as far as the table asks about it. The API server's JSON has this shape. */
export interface Strategic {
  readonly metadata: { readonly ownerReferences?: readonly { readonly controller?: boolean }[] };
  readonly spec?: {
    readonly paused?: boolean;
    readonly strategy?: { readonly type?: string };
    readonly updateStrategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly partition?: number };
    };
  };
}

type StrategyFinders = { readonly [Kind in OwnerKind]: (object: Strategic) => Strategies[Kind] };

const any = () => 'any' as const;

/** How each kind tells its strategy; one that is missing does not compile. */
const STRATEGY_OF: StrategyFinders = {
  Deployment: deploymentStrategy,
  StatefulSet: statefulStrategy,
  DaemonSet: (object) => (isManaged(object) ? 'managed' : onDeleteOr(object, 'RollingUpdate')),
  ReplicaSet: any,
  ReplicationController: any,
  Job: any,
  CronJob: any,
  Rollout: any,
  Pod: any,
  unknown: any,
};

/** The strategy of a workload, by the name that the table has for it. */
export function strategyOf<Kind extends OwnerKind>(kind: Kind, object: Strategic): Strategies[Kind] {
  return STRATEGY_OF[kind](object);
}

/** What Meshlift does with a workload, and why. */
export function actionFor(kind: OwnerKind, object: Strategic): ActionRow {
  const rows: Readonly<Record<string, ActionRow | undefined>> = WORKLOAD_ACTIONS[kind];
  return rows[strategyOf(kind, object)] ?? WORKLOAD_ACTIONS.unknown.any;
}

function deploymentStrategy(object: Strategic): Strategies['Deployment'] {
  if (object.spec?.paused === true) return 'paused';
  if (isManaged(object)) return 'managed';
  return object.spec?.strategy?.type === 'Recreate' ? 'Recreate' : 'RollingUpdate';
}

function statefulStrategy(object: Strategic): Strategies['StatefulSet'] {
  if (isManaged(object)) return 'managed';
  const partition = object.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  return onDeleteOr(object, partition > 0 ? 'partition' : 'RollingUpdate');
}

function onDeleteOr<Other>({ spec }: Strategic, other: Other): Other | 'OnDelete' {
  return spec?.updateStrategy?.type === 'OnDelete' ? 'OnDelete' : other;
}

/** Whether another controller (Knative, an operator) owns the workload itself. */
function isManaged({ metadata }: Strategic): boolean {
  return metadata.ownerReferences?.some(({ controller }) => controller === true) === true;
}

/** What the plan says about a workload: `StatefulSet shop/ledger (OnDelete) is evicted pod by pod: ...`. */
export function actionSentence(name: string, strategy: string, { action, reason }: ActionRow): string {
  const how = strategy === 'any' ? '' : ` (${strategy})`;
  return `${name}${how} ${VERBS[action]}: ${reason}`;
}

const VERBS: Readonly<Record<WorkloadAction, string>> = {
  restart: 'is restarted',
  restartAt: 'is restarted by its own controller',
  evict: 'is evicted pod by pod',
  wait: 'is left to finish',
  report: 'needs a person',
};
