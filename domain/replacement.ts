import { REPLACEMENT_LABEL } from './names.js';
import { isLive, isReady, type Pod } from './pod.js';
import {
  desiredPods,
  isBehind,
  isThere,
  judgeFresh,
  whatIsLeft,
  type Rollout,
  type Subject,
  type Workload,
} from './rollout.js';
import type { SidecarTarget, WorkloadKind } from './workload.js';

/** The value of {@link REPLACEMENT_LABEL}. @param since a time as the API server writes it */
export function replacementMark(mark: string, since: string): string {
  return `${mark}.${Date.parse(since) / 1_000}`;
}

/** Since when the pods of a workload are replaced by this very run and direction; null when they are not. */
export function replacedSince({ metadata }: Workload, mark: string): string | null {
  const value = metadata.labels?.[REPLACEMENT_LABEL] ?? '';
  if (!value.startsWith(`${mark}.`)) return null;
  return new Date(Number(value.slice(mark.length + 1)) * 1_000).toISOString().replace('.000Z', 'Z');
}

/** Creation time of the newest of these pods, by the API server's clock. */
export function newestCreation(pods: readonly Pod[]): string {
  return pods.reduce((newest, { metadata }) => {
    const { creationTimestamp: created = '' } = metadata;
    return created > newest ? created : newest;
  }, '');
}

/**
 * Judges a workload whose pods are replaced without a change of its template, by every one of its pods.
 * @param since creation time of the newest pod before the first was replaced: later ones came back
 */
export function judgeReplacement(
  subject: Subject,
  pods: readonly Pod[],
  expected: SidecarTarget,
  since: string,
): Rollout {
  const { kind, workload } = subject;
  const live = pods.filter(isLive);
  const fresh = live.filter((pod) => (pod.metadata.creationTimestamp ?? '') > since);
  const there = live.filter((pod) => isThere(pod, expected));
  const counts = { desired: desiredPods(kind, workload), moved: there.length };
  const failed = judgeFresh(subject, fresh, expected, counts);
  if (failed !== null) return failed;
  const done = there.length === live.length && there.length >= counts.desired;
  return done
    ? { state: 'done', ...counts }
    : { state: 'moving', ...whatIsLeft(subject, live, fresh, expected), ...counts };
}

/**
 * The pod to evict next; null while another one is missing or not Ready. One that is not Ready anyway goes first, for it
 * serves nobody; then the highest ordinal, as the StatefulSet controller itself would choose.
 * @param pods the live pods of the workload
 */
export function nextToEvict(
  { kind, workload }: Pick<Subject, 'kind' | 'workload'>,
  pods: readonly Pod[],
  expected: SidecarTarget,
): Pod | null {
  if (pods.length < desiredPods(kind, workload)) return null;
  const behind = inOrder(
    kind,
    pods.filter((pod) => isBehind(pod, expected)),
  );
  const unready = pods.filter((pod) => !isReady(pod));
  if (unready.length === 0) return behind[0] ?? null;
  // More than one pod that serves nobody: still one at a time.
  return behind.find((pod) => unready.includes(pod)) ?? null;
}

function inOrder(kind: WorkloadKind, pods: readonly Pod[]): Pod[] {
  if (kind === 'StatefulSet') return [...pods].sort((a, b) => ordinalOf(b) - ordinalOf(a));
  return [...pods].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

/** The number at the end of the name of a StatefulSet's pod. */
function ordinalOf({ metadata }: Pod): number {
  return Number(/-(\d+)$/.exec(metadata.name)?.[1] ?? 0);
}
