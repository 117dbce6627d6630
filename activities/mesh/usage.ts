import type { Route } from '../../domain/plan.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { RunRef } from '../contract.js';
import type { KubeClient } from '../kube/types.js';

/** Who asks for users of the old control plane, and about what. */
export interface Usage {
  readonly kube: KubeClient;
  readonly run: RunRef;
  readonly route: Route;
  readonly before: Snapshot;
}
