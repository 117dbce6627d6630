import type { CheckDescriptor } from './descriptor.js';

/** Checks of the cluster, its control planes and its mesh configuration. */
export const CLUSTER_CHECKS = {
  MESH001: {
    title: 'The version gate allows the upgrade',
    group: 'version',
    severity: 'blocker',
    reads: 'image of every istiod',
    waivable: false,
  },
  MESH002: {
    title: 'The named namespaces can be moved',
    group: 'namespaces',
    severity: 'blocker',
    reads: 'namespaces, options of the request',
    waivable: false,
  },
  MESH010: {
    title: 'The cluster is a user cluster',
    group: 'cluster',
    severity: 'blocker',
    reads: 'configuration of the server',
    waivable: false,
  },
  MESH011: {
    title: 'The release runs on this version of Kubernetes',
    group: 'version',
    severity: 'blocker',
    reads: '/version',
    waivable: true,
  },
  MESH012: {
    title: 'The registered identity may do everything that the installation needs',
    group: 'cluster',
    severity: 'blocker',
    reads: 'selfsubjectaccessreviews',
    waivable: true,
  },
  MESH013: {
    title: 'The old control plane is complete',
    group: 'controlPlane',
    severity: 'blocker',
    reads: 'deployments of istio-system',
    waivable: false,
  },
  MESH014: {
    title: 'There is no further control plane',
    group: 'controlPlane',
    severity: 'warning',
    reads: 'deployments of istio-system',
    waivable: true,
  },
  MESH015: {
    title: 'The name of the new revision is free',
    group: 'controlPlane',
    severity: 'blocker',
    reads: 'deployments of istio-system',
    waivable: false,
  },
  MESH016: {
    title: 'No gateway is upgraded in place',
    group: 'gateways',
    severity: 'info',
    reads: 'deployments of istio-system',
    waivable: true,
  },
  MESH017: {
    title: 'No security policy is of a kind that the release ignores',
    group: 'configuration',
    severity: 'blocker',
    reads: 'authentication.istio.io and rbac.istio.io v1alpha1',
    waivable: true,
  },
} as const satisfies Record<string, CheckDescriptor>;
