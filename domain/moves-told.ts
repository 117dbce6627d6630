import type { Eta } from './scheduling/eta.js';

/** Name of the signal by which whoever moves namespaces tells the run how far it is. */
export const MOVES_SIGNAL = 'moves';

/** A namespace that has moved. */
export interface MovedNamespace {
  readonly namespace: string;
  /** Workloads that were restarted. */
  readonly workloads: number;
  /** Pods on the expected sidecar. */
  readonly pods: number;
}

/** How far the moves are that are under way. */
export interface MoveProgress {
  /** Of the workloads that are moved now: pods on the expected sidecar, and all. */
  readonly pods: { readonly moved: number; readonly total: number };
  readonly workloads: { readonly moved: number; readonly moving: number; readonly total: number };
  /** Pods of the run's namespaces that are not available at the moment, whoever is the cause, and how many may be. */
  readonly unavailable: { readonly now: number; readonly budget: number };
  /** Null before the first measurement. */
  readonly eta: Eta | null;
  /** Why nothing further begins at the moment; null when something does. */
  readonly holding: string | null;
}

/** What has happened since the last time. */
export interface MovesTold {
  readonly direction: 'forward' | 'back';
  readonly started: readonly string[];
  readonly finished: readonly MovedNamespace[];
  readonly failed: readonly { readonly namespace: string; readonly detail: string }[];
  readonly progress: MoveProgress | null;
}
