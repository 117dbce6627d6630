import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../kube/types.js';

const LOOK_AGAIN_MS = 300;

/** Whether a Deployment's controller has seen the last change and every replica of it is available. */
export function isComplete(deployment: KubeObject): boolean {
  const { replicas: wanted = 1 } = deployment['spec'] as { replicas?: number };
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = statusOf(deployment);
  const { generation = 0 } = deployment.metadata;
  const settled = updatedReplicas >= wanted && availableReplicas >= wanted && replicas === updatedReplicas;
  return settled && observedGeneration >= generation;
}

function statusOf(deployment: KubeObject): Readonly<Record<string, number>> {
  return (deployment['status'] ?? {}) as Readonly<Record<string, number>>;
}

/**
 * Asks again and again until nothing is in the way.
 * @param obstacle null when it holds, else what is in the way
 * @returns null when it holds; the last obstacle when the time is up
 */
export async function untilHolds(
  obstacle: () => Promise<string | null>,
  { timeoutSeconds, signal }: { readonly timeoutSeconds: number; readonly signal: AbortSignal },
): Promise<string | null> {
  const deadline = Date.now() + timeoutSeconds * 1_000;
  for (;;) {
    signal.throwIfAborted();
    const found = await obstacle();
    if (found === null || Date.now() > deadline) return found;
    await delay(LOOK_AGAIN_MS, undefined, { signal });
  }
}
