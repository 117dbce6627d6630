import { groupBy } from '../group-by.js';
import { workloadKeyOf } from '../pod-owner.js';
import { containersOf, isLive, isReady, namePods, whyNotReady, type Pod } from '../pod.js';

/** How a workload did before its pods were replaced. */
export interface HealthBefore {
  readonly pods: number;
  /** Restarts of its containers, per pod and hour of life. */
  readonly restartsPerHour: number;
  /** Whether a pod of it crashed again and again, or was not Ready, or not placed. */
  readonly wasAiling: boolean;
}

/** What was seen of a pod while it was watched. */
export interface PodRecord {
  readonly wasReady: boolean;
  /** How often it went from Ready to not Ready. */
  readonly flaps: number;
  /** Since when it has not been Ready, in milliseconds; null while it is. */
  readonly unreadySince: number | null;
}
/** By uid. */
export type PodMemory = Readonly<Record<string, PodRecord>>;

/** A pod that does worse with its new sidecar than its workload did before. */
export interface Complaint {
  readonly workload: string;
  readonly kind: 'crash-loop' | 'restarts' | 'flapping' | 'pending' | 'not-ready';
  /** A clause that names the pods. */
  readonly detail: string;
}

/** So often may a new container end before it counts: what it needs may not be there yet. */
const FREE_RESTARTS = 2;
/** A pod may restart so many times as often as those before it. */
const RESTART_RATIO = 3;
/** From so many on a pod flaps. */
const FLAPS = 3;
/** A pod that is not placed, or not Ready, for so long does not come by itself. */
const PATIENCE_MS = 5 * 60_000;
const STARTING_MS = 60_000;
const HOUR_MS = 3_600_000;

/** How each workload does now, to be compared with later. @param now in milliseconds */
export function healthOf(pods: readonly Pod[], now: number): Record<string, HealthBefore> {
  const live = pods.filter(isLive);
  return Object.fromEntries(
    [...groupBy(live, workloadKeyOf)].map(([workload, own]) => {
      const hours = own.reduce((sum, pod) => sum + hoursOfLife(pod, now), 0);
      const restarts = own.reduce((sum, pod) => sum + restartsOf(pod), 0);
      const wasAiling = own.some((pod) => isCrashing(pod) || isLateToBeReady(pod, now));
      return [workload, { pods: own.length, restartsPerHour: restarts / hours, wasAiling }];
    }),
  );
}

/** Keeps in mind what a further look has shown. Pods that are gone are forgotten. */
export function remember(memory: PodMemory, pods: readonly Pod[], now: number): PodMemory {
  return Object.fromEntries(
    pods.filter(isLive).map((pod) => {
      const before = memory[uidOf(pod)];
      const ready = isReady(pod);
      const wentDown = before?.wasReady === true && !ready;
      const since = before === undefined ? bornAt(pod, now) : (before.unreadySince ?? now);
      return [
        uidOf(pod),
        { wasReady: ready, flaps: (before?.flaps ?? 0) + (wentDown ? 1 : 0), unreadySince: ready ? null : since },
      ];
    }),
  );
}

/**
 * What is worse with the new pods of some namespaces than it was before. A workload that ailed already is blamed for nothing;
 * one that nobody has seen before is judged by its new pods alone.
 */
export function judgePodHealth(sight: {
  readonly pods: readonly Pod[];
  readonly before: Readonly<Record<string, HealthBefore>>;
  readonly memory: PodMemory;
  readonly now: number;
}): Complaint[] {
  const groups = groupBy(sight.pods.filter(isLive), workloadKeyOf);
  return [...groups].flatMap(([workload, pods]) => {
    const before = sight.before[workload];
    if (before?.wasAiling === true) return [];
    const kinds = pods.map((pod) => ({ pod, kind: ailmentOf(pod, before, sight) }));
    return KINDS.flatMap((kind) => {
      const ailing = kinds.filter((found) => found.kind === kind).map(({ pod }) => pod);
      return ailing[0] === undefined
        ? []
        : [{ workload, kind, detail: sentenceOf(kind, ailing, before, sight.memory) }];
    });
  });
}

const KINDS: readonly Complaint['kind'][] = ['crash-loop', 'restarts', 'flapping', 'pending', 'not-ready'];

function ailmentOf(
  pod: Pod,
  before: HealthBefore | undefined,
  { memory, now }: { readonly memory: PodMemory; readonly now: number },
): Complaint['kind'] | null {
  if (isCrashing(pod)) return 'crash-loop';
  const allowed = FREE_RESTARTS + RESTART_RATIO * (before?.restartsPerHour ?? 0) * hoursOfLife(pod, now);
  if (restartsOf(pod) > allowed) return 'restarts';
  return ailmentOverTime(pod, memory[uidOf(pod)], now);
}

function ailmentOverTime(pod: Pod, record: PodRecord | undefined, now: number): Complaint['kind'] | null {
  if (record === undefined) return null;
  if (record.flaps >= FLAPS) return 'flapping';
  if (record.unreadySince === null || now - record.unreadySince < PATIENCE_MS) return null;
  return pod.status?.phase === 'Pending' ? 'pending' : 'not-ready';
}

function sentenceOf(
  kind: Complaint['kind'],
  pods: readonly Pod[],
  before: HealthBefore | undefined,
  memory: PodMemory,
): string {
  const [first] = pods;
  const who = `${pods.length === 1 ? 'pod' : 'pods'} ${namePods(pods)}`;
  if (first === undefined) return who;
  switch (kind) {
    case 'crash-loop':
    case 'not-ready':
    case 'pending':
      return `${who}: ${whyNotReady(first)}`;
    case 'restarts': {
      const rate = before === undefined ? '' : `, before ${before.restartsPerHour.toFixed(2)} per pod and hour`;
      return `${who}: ${Math.max(...pods.map(restartsOf))} restarts${rate}`;
    }
    case 'flapping':
      return `${who}: ${Math.max(...pods.map((pod) => memory[uidOf(pod)]?.flaps ?? 0))} times from Ready to not Ready`;
  }
}

/** A back-off alone may be a first stumble; from the third ending on it is a crash (as in `domain/trouble.ts`). */
function isCrashing(pod: Pod): boolean {
  return containersOf(pod).some(
    ({ state, restartCount = 0 }) => state?.waiting?.reason === 'CrashLoopBackOff' && restartCount > FREE_RESTARTS,
  );
}

/** A pod that was made a moment ago may still come up. */
function isLateToBeReady(pod: Pod, now: number): boolean {
  return !isReady(pod) && now - bornAt(pod, now) >= STARTING_MS;
}

function restartsOf(pod: Pod): number {
  return containersOf(pod).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
}

function bornAt({ metadata }: Pod, now: number): number {
  return metadata.creationTimestamp === undefined ? now : Date.parse(metadata.creationTimestamp);
}

/** At least a minute: of a pod that has just begun nothing can be said per hour. */
function hoursOfLife(pod: Pod, now: number): number {
  return Math.max(now - bornAt(pod, now), 60_000) / HOUR_MS;
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? metadata.name;
}
