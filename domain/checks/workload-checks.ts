import type { CheckDescriptor } from './descriptor.js';

/** Checks of the namespaces that will be moved and of what runs in them. */
export const WORKLOAD_CHECKS = {
  MESH020: {
    title: 'No Deployment is paused',
    group: 'workloads',
    severity: 'blocker',
    reads: 'deployments',
    waivable: true,
  },
  MESH021: {
    title: 'Every workload replaces its pods by itself',
    group: 'workloads',
    severity: 'warning',
    reads: 'statefulsets, daemonsets',
    waivable: true,
  },
  MESH022: {
    title: 'No workload brings its own proxy',
    group: 'workloads',
    severity: 'blocker',
    reads: 'pod templates',
    waivable: true,
  },
  MESH023: {
    title: 'Every pod with a sidecar comes back after a restart',
    group: 'workloads',
    severity: 'warning',
    reads: 'pods',
    waivable: true,
  },
  MESH024: {
    title: 'Every pod is Ready before the upgrade',
    group: 'workloads',
    severity: 'warning',
    reads: 'pods',
    waivable: true,
  },
  MESH025: {
    title: 'No namespace asks for two sidecars',
    group: 'namespaces',
    severity: 'warning',
    reads: 'labels of namespaces',
    waivable: true,
  },
} as const satisfies Record<string, CheckDescriptor>;
