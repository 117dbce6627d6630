import { join } from 'node:path';
import { dataPaths } from '../../settings/paths.js';
import type { RunRef } from '../contract.js';

/** Folder of one run: its journal, its snapshot, its locks. */
export function runDir(dataDir: string, { cluster, runId }: Pick<RunRef, 'cluster' | 'runId'>): string {
  return join(dataPaths(dataDir).runs, cluster, runId);
}

/** Folder of the run whose snapshot and backup count: its own, or that of the run which it takes back. */
export function recordDir(dataDir: string, { cluster, runId, restores }: RunRef): string {
  return runDir(dataDir, { cluster, runId: restores ?? runId });
}
