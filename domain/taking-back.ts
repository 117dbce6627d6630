import { RESTART_ANNOTATION } from './names.js';
import { isLive, type Pod } from './pod.js';
import { isBehind, restartMarkOf, type Workload } from './rollout.js';
import type { SidecarTarget } from './workload.js';

/** What the restart annotation of a pod template was before the run; null where there was none. */
export interface EarlierMark {
  readonly value: string | null;
}

/**
 * Whether a restart can be taken back as if it had never been: not one pod of a Deployment has moved, because none could be
 * created. Its old template is then that of its pods, which stay as they are, and nothing new is needed: another restart
 * would want the very room or permission that the first one lacked.
 * @param mark of the restart that is taken back
 * @param expected the sidecar that the pods had before it
 * @returns what to write instead of the mark; null when the Deployment must be restarted
 */
export function earlierMark(
  workload: Workload,
  pods: readonly Pod[],
  mark: string,
  expected: SidecarTarget,
): EarlierMark | null {
  const live = pods.filter(isLive);
  if (restartMarkOf(workload) !== mark || live.some((pod) => isBehind(pod, expected))) return null;
  const values = new Set(live.map(({ metadata }) => metadata.annotations?.[RESTART_ANNOTATION] ?? null));
  const [value = mark] = values;
  return values.size === 1 && value !== mark ? { value } : null;
}
