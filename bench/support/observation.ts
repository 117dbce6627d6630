import type { Counts } from './tally.js';

/** Something that happened, in milliseconds since the epoch, and to which object. */
export type Happening = readonly [at: number, name: string];

/** What the observer has seen of one run. Times are milliseconds since the epoch, by the clock of the observer. */
export interface Observation {
  /** First label of a namespace that names the new revision; null when there was none. */
  readonly startedAt: number | null;
  /** Every pod is on the new proxy and ready; null when it did not come to that. */
  readonly doneAt: number | null;
  readonly wantedPods: number;
  readonly atEnd: Counts;
  readonly peakUnavailable: number;
  readonly peakExtra: number;
  /** Labels of namespaces. */
  readonly labels: readonly Happening[];
  /** Changes of the specification of a Deployment: a restart is one. */
  readonly restarts: readonly Happening[];
  /** Pods that were created from the first label on. */
  readonly podsCreated: number;
  /** Deployments whose specification changed more than once, or that created more pods than they have. */
  readonly doubleRestarts: readonly string[];
  /** Once a second: seconds since the start, pods that are new and ready, unavailable, extra. */
  readonly samples: readonly (readonly [number, number, number, number])[];
  /** How often a watch had fallen too far behind, so that something may have gone unseen. */
  readonly gaps: number;
}

/** What the observer tells while it looks. */
export type ObserverNews =
  | { readonly type: 'ready'; readonly counts: Counts }
  | { readonly type: 'progress'; readonly counts: Counts }
  | { readonly type: 'restart'; readonly at: number }
  | { readonly type: 'label'; readonly at: number }
  | { readonly type: 'started'; readonly at: number }
  | { readonly type: 'done'; readonly at: number }
  | { readonly type: 'report'; readonly observation: Observation };
