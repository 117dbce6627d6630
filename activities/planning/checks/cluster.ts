import type { Check } from '../check.js';
import { agentSkew } from './agent-skew.js';
import { analysis } from './analysis.js';
import { beyondRoles } from './beyond-roles.js';
import { clusterRole } from './cluster-role.js';
import { deadWebhooks } from './dead-webhooks.js';
import { discoveredNamespaces } from './discovered-namespaces.js';
import { doubleInjection } from './double-injection.js';
import { endOfLife } from './end-of-life.js';
import { gatewayPorts } from './gateway-ports.js';
import { judgeableGates } from './gates.js';
import { gatewaysInPlace } from './gateways-in-place.js';
import { gitOps } from './gitops.js';
import { helmReleases } from './helm-releases.js';
import { ignoredPolicies } from './ignored-policies.js';
import { inPlace } from './in-place.js';
import { inClusterOperator } from './in-cluster-operator.js';
import { istiodRoom } from './istiod-room.js';
import { knownVendor } from './known-vendor.js';
import { kubectlSkew } from './kubectl-skew.js';
import { kubernetesRange } from './kubernetes-range.js';
import { labelledConfiguration } from './labelled-configuration.js';
import { multiCluster } from './multi-cluster.js';
import { oldControlPlane } from './old-control-plane.js';
import { notMovedYet } from './not-moved-yet.js';
import { optionsKept } from './options-kept.js';
import { otherControlPlanes } from './other-control-planes.js';
import { pinnedFilters } from './pinned-filters.js';
import { precheck } from './precheck.js';
import { proxySkew } from './proxy-skew.js';
import { releaseFetched } from './release-fetched.js';
import { rights } from './rights.js';
import { sameCa } from './same-ca.js';
import { settingsKept } from './settings-kept.js';
import { noSkippedMinors } from './skipped-minors.js';
import { sourceKubernetesRange } from './source-kubernetes-range.js';
import { storedVersions } from './stored-versions.js';
import { surgeRoom } from './surge-room.js';
import { targetRevision } from './target-revision.js';
import { validationState } from './validation-state.js';

/** Questions about the cluster, its control planes and its mesh configuration. */
export const CLUSTER_CHECKS: readonly Check[] = [
  clusterRole,
  kubernetesRange,
  sourceKubernetesRange,
  knownVendor,
  noSkippedMinors,
  proxySkew,
  endOfLife,
  notMovedYet,
  agentSkew,
  helmReleases,
  inPlace,
  kubectlSkew,
  releaseFetched,
  rights,
  beyondRoles,
  oldControlPlane,
  otherControlPlanes,
  targetRevision,
  inClusterOperator,
  gitOps,
  optionsKept,
  settingsKept,
  sameCa,
  storedVersions,
  gatewaysInPlace,
  gatewayPorts,
  ignoredPolicies,
  pinnedFilters,
  labelledConfiguration,
  analysis,
  precheck,
  doubleInjection,
  deadWebhooks,
  validationState,
  discoveredNamespaces,
  multiCluster,
  istiodRoom,
  surgeRoom,
  judgeableGates,
];
