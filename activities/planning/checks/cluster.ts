import type { Check } from '../check.js';
import { clusterRole } from './cluster-role.js';
import { gatewaysInPlace } from './gateways-in-place.js';
import { ignoredPolicies } from './ignored-policies.js';
import { kubernetesRange } from './kubernetes-range.js';
import { oldControlPlane } from './old-control-plane.js';
import { otherControlPlanes } from './other-control-planes.js';
import { rights } from './rights.js';
import { targetRevision } from './target-revision.js';

/** Questions about the cluster, its control planes and its mesh configuration. */
export const CLUSTER_CHECKS: readonly Check[] = [
  clusterRole,
  kubernetesRange,
  rights,
  oldControlPlane,
  otherControlPlanes,
  targetRevision,
  gatewaysInPlace,
  ignoredPolicies,
];
