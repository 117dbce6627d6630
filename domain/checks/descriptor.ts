/** What a check is about: plans show findings under these headings, in this order where none is worse than the other. */
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

/** What the worst finding of a check means, as it reads after the word. */
export const SEVERITY_MEANINGS = {
  blocker: 'a run ends as rejected before anything changes, unless it is waived',
  warning: 'a person must know it; the run goes on',
  info: 'good to know; the run goes on',
} as const;

/** A check as the catalogue describes it; the worker has a function for each. */
export interface CheckDescriptor {
  /** What holds when the check passes, as a sentence without its end. */
  readonly title: string;
  readonly group: CheckGroup;
  /** The worst that it finds. */
  readonly severity: keyof typeof SEVERITY_MEANINGS;
  /** The objects that it reads. */
  readonly reads: string;
  /** What would happen otherwise, in a sentence or two. */
  readonly why?: string;
  /** Whether a person may take the risk; false where going on cannot end well. */
  readonly waivable: boolean;
}
