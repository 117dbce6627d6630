import type { DriverName } from './driver.js';
import { named } from './named.js';
import { REVISION_LABEL } from './names.js';
import type { SidecarTarget } from './workload.js';

/** What the injector of current Istio records on a pod: templates, volumes, revision. */
const STATUS_ANNOTATION = 'sidecar.istio.io/status';

interface Container {
  readonly name: string;
  readonly image: string;
}

/** A pod, as far as its sidecar is concerned. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly apiVersion?: string;
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
      readonly controller?: boolean;
    }[];
  };
  readonly spec: {
    readonly hostNetwork?: boolean;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** What the kubelet says of one container. */
export interface ContainerStatus {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

/** Owners that bring a pod back when it goes. */
const KEEPERS = ['ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet'];

/** Tag of an image reference; `latest` when it has none. A digest counts as the tag. */
export function imageTag(image: string): string {
  const name = image.split('/').at(-1) ?? image;
  return name.split(/[@:]/).at(-1) === name ? 'latest' : (name.split(/[@:]/).at(-1) ?? 'latest');
}

/** The version that an image says it is: its tag, whatever it was packed in. */
export function imageVersion(image: string): string {
  return withoutPacking(imageTag(image));
}

/** Version of the pod's proxy, by the tag of its image, also where the sidecar is an init container that stays; null without a sidecar. */
export function proxyTagOf(pod: Pod): string | null {
  const proxy = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(({ name }) => name === 'istio-proxy');
  return proxy === undefined ? null : imageVersion(proxy.image);
}

/** Whether a pod still does something: not finished, and not on its way out. */
export function isLive(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined && !isFinished(pod);
}

/** Whether all containers of a pod have ended for good. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

/** Whether the pod runs exactly the expected sidecar. */
export function hasSidecar(pod: Pod, expected: SidecarTarget): boolean {
  if (!isTagOf(proxyTagOf(pod), expected)) return false;
  if (expected.revision === null) return true;
  // The oldest revisioned releases of current Istio's line mark nothing: then the image alone tells.
  const mark = revisionMarkOf(pod, expected.driver);
  return mark === expected.revision || (mark === null && expected.driver === 'istio-revisioned');
}

/** Whether a proxy's tag is the expected one; how its image was packed makes no other proxy of it. */
function isTagOf(tag: string | null, { proxyTag, driver }: SidecarTarget): boolean {
  if (driver !== 'istio-revisioned') return tag === proxyTag;
  return tag !== null && withoutPacking(tag) === withoutPacking(proxyTag);
}

function withoutPacking(tag: string): string {
  return tag.replace(/-(distroless|debug)$/, '');
}

/**
 * Which revision injected a pod, by what it says: 1.6 labels it; current Istio writes an annotation, and before about 1.20
 * only the record of the injection. There the label is what the pod *asks* for, and may be a tag.
 */
export function revisionMarkOf({ metadata }: Pick<Pod, 'metadata'>, driver: DriverName = 'asm-1.6'): string | null {
  const { labels = {}, annotations = {} } = metadata;
  if (driver === 'asm-1.6') return labels[REVISION_LABEL] ?? null;
  return annotations[REVISION_LABEL] ?? recordedRevision(annotations[STATUS_ANNOTATION]);
}

function recordedRevision(status: string | undefined): string | null {
  const revision = /"revision":\s*"([^"]+)"/.exec(status ?? '')?.[1];
  return revision ?? null;
}

/**
 * Whether a pod is served by the control plane of one side: it runs that side's proxy, or one that carries its revision. The one
 * rule for whoever asks what a control plane is still needed for.
 * @param other the sidecar of the other side
 */
export function runsSidecarOf(pod: Pod, side: SidecarTarget, other: SidecarTarget): boolean {
  const tag = proxyTagOf(pod);
  if (isFinished(pod) || tag === null) return false;
  const mark = revisionMarkOf(pod, side.driver);
  if (side.replaced === true || other.replaced === true) return isInPlaceSideOf(pod, side, other);
  // The image of a gateway may be anything, and both revisions may run one version: where there is a mark, it decides.
  if (side.driver === 'istio-revisioned') return mark === null ? isTagOf(tag, side) : mark === side.revision;
  if (tag === side.proxyTag) return true;
  // 1.5 writes no label: a proxy without one is served by it, whatever patch it is itself; the new gateways are not.
  return side.revision === null ? mark === null && tag !== other.proxyTag : mark === side.revision;
}

/** Both sides have one revision. Older proxies that nobody has restarted for long count as the old side's. */
function isInPlaceSideOf(pod: Pod, side: SidecarTarget, other: SidecarTarget): boolean {
  const mark = revisionMarkOf(pod, side.driver);
  const isNew = isTagOf(proxyTagOf(pod), side.replaced === true ? other : side);
  return (mark === null || mark === side.revision) && isNew === (side.replaced !== true);
}

/** The controller that a pod belongs to; undefined for a bare pod. */
export function controllerOf(pod: Pick<Pod, 'metadata'>) {
  return pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** Whether a controller brings the pod back after a restart of its workload; Jobs and bare pods are not restarted. */
export function isKept(pod: Pod): boolean {
  const owner = controllerOf(pod);
  return owner !== undefined && KEEPERS.includes(owner.kind);
}

/** Names of pods for a sentence, the first five and how many more. */
export function namePods(pods: readonly Pod[]): string {
  return named(pods.map(({ metadata }) => metadata.name));
}

/** Every container of a pod that the kubelet has said something of, in the order in which they start. */
export function containersOf({ status = {} }: Pod): readonly ContainerStatus[] {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
}

/** What the scheduler says of a pod for which it finds no node; null when it finds one, or has not looked yet. */
export function whyUnplaced({ status }: Pod): string | null {
  const condition = status?.conditions?.find(
    ({ type, status: value, reason }) => type === 'PodScheduled' && value === 'False' && reason === 'Unschedulable',
  );
  return condition === undefined ? null : (condition.message ?? 'no node fits');
}

/** Why a pod is not Ready yet, in a few words. */
export function whyNotReady(pod: Pod): string {
  for (const { name, state } of containersOf(pod)) {
    if (state?.waiting?.reason !== undefined) return `container ${name}: ${state.waiting.reason}`;
  }
  const unscheduled = pod.status?.conditions?.find(
    ({ type, status: value }) => type === 'PodScheduled' && value === 'False',
  );
  return unscheduled === undefined ? 'not Ready yet' : `not scheduled: ${unscheduled.message ?? 'no node fits'}`;
}
