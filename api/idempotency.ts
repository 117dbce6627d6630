import { createHash } from 'node:crypto';
import type { UpgradeRequest } from '../domain/plan.js';
import type { Policy } from '../domain/policy/schema.js';
import type { RunCommand } from '../domain/run.js';

/** Tells whether two requests ask for the same, however their fields are ordered. */
export function requestHash(request: UpgradeRequest | Restoring): string {
  return sha256(canonical(request));
}

/** What makes two requests to take back a run the same one. */
interface Restoring {
  readonly restores: string;
  readonly reason: string;
}

/**
 * Temporal's update id for a caller's key: the same key with the same command acts once. The command is part of it,
 * because Temporal would answer a key that comes back with another command with the outcome of the first one.
 */
export function updateIdOf(key: string, command: RunCommand): string {
  // Who asks does not make it another command.
  const asked = { ...command, by: '' };
  return `${key}.${sha256(canonical(asked)).slice(0, 16)}`;
}

/**
 * What a plan is called once its policy is another one: follows from the plan before and the policy, so that a promotion that
 * names it is bound to both. The API computes it, because workflows have no cryptography.
 */
export function changedPlanHash(planHash: string, policy: Policy): string {
  return sha256(canonical({ planHash, policy }));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
