import type { DetectedMesh, Finding, Plan } from '../../domain/plan.js';
import type { Release } from '../../domain/release.js';
import type { RegisteredCluster } from '../../settings/settings.js';
import type { KubeClient } from '../kube/types.js';

/** What a check may look at. */
export interface CheckInput {
  readonly plan: Plan;
  readonly cluster: RegisteredCluster;
  readonly release: Release;
  readonly mesh: DetectedMesh;
  readonly kube: KubeClient;
}

/** One question to the cluster. Its findings carry its own id. */
export type Check = (input: CheckInput) => readonly Finding[] | Promise<readonly Finding[]>;
