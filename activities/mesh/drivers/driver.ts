import type { DriverName } from '../../../domain/driver.js';
import type { ControlPlane, NodeAgentKind, Route } from '../../../domain/plan.js';
import type { Release } from '../../../domain/release.js';
import type { RecordedObject, Snapshot } from '../../../domain/snapshot.js';
import type { ActivityContext } from '../../context.js';
import type { RunRef } from '../../contract.js';
import type { KubeClient } from '../../kube/types.js';
import type { InjectionLabels } from '../../workloads/injection-labels.js';

/** One step of a run, in one cluster. */
export interface Step {
  readonly context: ActivityContext;
  readonly run: RunRef;
  readonly route: Route;
  readonly signal: AbortSignal;
}

/** What an installation is for. */
export type InstallStage = 'everything' | 'controlPlane' | NodeAgentKind | 'gateways';

/** What an installation is worked out from. */
export interface Installed {
  /** The specification that istioctl would work from, with everything that was asked for. */
  readonly spec: () => Promise<unknown>;
  /** The installer's gateways that the mesh has, `namespace/name`. */
  readonly gateways: () => Promise<readonly string[]>;
}

/**
 * What differs between the generations of Istio behind the one story of an upgrade. Whatever is not in here is the same for
 * all of them: that objects are read, compared, changed and verified, and in which order.
 */
export interface MeshDriver {
  readonly name: DriverName;
  /**
   * The way from a control plane that was found to a release, with what the pods of both sides say about themselves.
   * @param release its revision is that of the source where the control plane is replaced in place
   */
  detect(source: ControlPlane, release: Release): Route;
  /**
   * Further arguments of `istioctl install`.
   * @param stage everything at once, or the control plane and then what the installer owns and comes later, in this order
   */
  install(stage: InstallStage, installed: Installed): Promise<readonly string[]>;
  /** What the new control plane lacks beside what every generation needs; null when it is whole. */
  verify(kube: KubeClient, route: Route): Promise<string | null>;
  /** What a namespace must carry to be served by the new control plane. */
  move(kube: KubeClient, route: Route, recorded: InjectionLabels): Promise<InjectionLabels>;
  /** Brings back what is shared and leads to one control plane at a time, before anything is moved back. */
  restore(step: Step, before: Snapshot): Promise<void>;
  /** Points what is shared, and must outlive the old control plane, at the new one. */
  retire(step: Step): Promise<void>;
  /** What must be as it was when the run is finished, of the validation webhooks of its snapshot. */
  keepsValidation(recorded: RecordedObject, route: Route): boolean;
}
