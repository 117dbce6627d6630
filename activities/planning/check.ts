import type { CheckId } from '../../domain/checks/catalogue.js';
import type { DetectedMesh, Finding, Plan } from '../../domain/plan.js';
import type { Release } from '../../domain/release.js';
import type { RegisteredCluster, Settings } from '../../settings/settings.js';
import type { Helm } from '../helm/helm.js';
import type { KubeClient } from '../kube/types.js';
import type { ClusterReader } from './cluster-reader.js';
import type { ReleaseTools } from './release-tools.js';
import type { TargetInstallation } from './target-installation.js';

/** What a check may look at. Nothing in here can change the cluster, but by what `kube` is used for. */
export interface CheckInput {
  readonly plan: Plan;
  readonly cluster: RegisteredCluster;
  readonly release: Release;
  /** What policies may name. */
  readonly gates: Pick<Settings, 'analyses' | 'webhooks' | 'jobs'>;
  readonly mesh: DetectedMesh;
  readonly kube: KubeClient;
  /** Lists shared by all checks of one preflight: each collection is read once. */
  readonly reader: ClusterReader;
  /** What the release would install, rendered by its own istioctl. */
  readonly target: TargetInstallation;
  /** The release that runs, where the catalogue has one of exactly that version; null where it has not. */
  readonly source: ReleaseTools | null;
  /** The cluster's helm; asked only where Helm keeps the mesh. */
  readonly helm: Helm;
  /** Ends what a check runs. */
  readonly signal: AbortSignal;
}

/** What a check found; its id is the check's, its severity the check's own unless it says another. */
export type Found = Omit<Finding, 'check' | 'severity' | 'waived'> & { readonly severity?: Finding['severity'] };

/**
 * One question to the cluster. Nothing found means pass.
 * What it throws makes its verdict `unknown`: a question that could not be answered is never a pass.
 */
export interface Check {
  readonly id: CheckId;
  readonly look: (input: CheckInput) => readonly Found[] | Promise<readonly Found[]>;
}
