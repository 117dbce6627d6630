/** What a check is about: plans show findings under these headings, in this order. */
export const CHECK_GROUPS = {
  version: 'Version and route',
  cluster: 'Cluster and rights',
  controlPlane: 'Control plane',
  configuration: 'Mesh configuration',
  gateways: 'Gateways',
  namespaces: 'Namespaces',
  workloads: 'Workloads',
  capacity: 'Capacity',
} as const;
export type CheckGroup = keyof typeof CHECK_GROUPS;

/** A check as the catalogue describes it; the worker has a function for each. */
export interface CheckDescriptor {
  /** What holds when the check passes, as a sentence without its end. */
  readonly title: string;
  readonly group: CheckGroup;
  /** The worst that it finds. */
  readonly severity: 'blocker' | 'warning' | 'info';
  /** The objects that it reads. */
  readonly reads: string;
  /** Whether a person may take the risk; false where going on cannot end well. */
  readonly waivable: boolean;
}
