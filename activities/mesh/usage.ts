import type { Route } from '../../domain/plan.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { RunRef } from '../contract.js';
import type { KubeClient } from '../kube/types.js';

/** Who asks whether the old control plane is used, and about what. */
export interface Usage {
  readonly kube: KubeClient;
  readonly run: RunRef;
  readonly route: Route;
  readonly before: Snapshot;
  /** Pods, `namespace/name`, whose old sidecar a person has waived. */
  readonly waived: readonly string[];
}
