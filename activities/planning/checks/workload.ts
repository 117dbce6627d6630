import type { Check } from '../check.js';
import { barePods } from './bare-pods.js';
import { bothLabels } from './both-labels.js';
import { onDelete } from './on-delete.js';
import { pausedDeployments } from './paused-deployments.js';
import { pinnedProxy } from './pinned-proxy.js';
import { unreadyPods } from './unready-pods.js';

/** Questions about what will be moved. */
export const WORKLOAD_CHECKS: readonly Check[] = [
  pausedDeployments,
  onDelete,
  pinnedProxy,
  barePods,
  unreadyPods,
  bothLabels,
];
