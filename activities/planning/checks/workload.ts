import type { Check } from '../check.js';
import { autoscalers } from './autoscalers.js';
import { barePods } from './bare-pods.js';
import { bareReplicaSets } from './bare-replica-sets.js';
import { bothLabels } from './both-labels.js';
import { cronJobs } from './cron-jobs.js';
import { disabledNamespaces } from './disabled-namespaces.js';
import { disruptionBudgets } from './disruption-budgets.js';
import { beyondBudget } from './beyond-budget.js';
import { downtime } from './downtime.js';
import { drainTime } from './drain-time.js';
import { hostNetwork } from './host-network.js';
import { injectionWishes } from './injection-wishes.js';
import { limitRanges } from './limit-ranges.js';
import { managedWorkloads } from './managed-workloads.js';
import { onDelete } from './on-delete.js';
import { partitions } from './partitions.js';
import { pausedDeployments } from './paused-deployments.js';
import { pinnedProxy } from './pinned-proxy.js';
import { quotas } from './quotas.js';
import { restartPolicy } from './restart-policy.js';
import { rolloutsUnderWay } from './rollouts-under-way.js';
import { runningJobs } from './running-jobs.js';
import { straySidecars } from './stray-sidecars.js';
import { templateRevisions } from './template-revisions.js';
import { unknownOwners } from './unknown-owners.js';
import { unreadyPods } from './unready-pods.js';

/** Questions about what will be moved, in the order of their ids. */
export const WORKLOAD_CHECKS: readonly Check[] = [
  pausedDeployments,
  onDelete,
  pinnedProxy,
  barePods,
  unreadyPods,
  bothLabels,
  disabledNamespaces,
  straySidecars,
  injectionWishes,
  templateRevisions,
  hostNetwork,
  runningJobs,
  cronJobs,
  bareReplicaSets,
  partitions,
  downtime,
  unknownOwners,
  managedWorkloads,
  rolloutsUnderWay,
  disruptionBudgets,
  autoscalers,
  quotas,
  limitRanges,
  drainTime,
  restartPolicy,
  beyondBudget,
];
