import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the recorded histories lie. `npm run record:histories` writes them. */
export const HISTORIES_DIR = fileURLToPath(new URL('histories', import.meta.url));

/** Names of the runs that must be there. */
export const RECORDED_RUNS = [
  'blocked',
  'gateways-rollback',
  'gateways-upgrade',
  'rollback-canary',
  'rollback-finalize',
  'upgrade',
] as const;

/** A recorded history, as JSON. */
export interface RecordedHistory {
  readonly events: readonly Record<string, Record<string, unknown> | undefined>[];
}

export function historyNames(): string[] {
  return readdirSync(HISTORIES_DIR)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

export function readHistory(name: string): RecordedHistory {
  return JSON.parse(readFileSync(join(HISTORIES_DIR, `${name}.json`), 'utf8')) as RecordedHistory;
}
