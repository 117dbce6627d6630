import { join } from 'node:path';
import type { Json } from '../../domain/snapshot.js';
import { createPrivateFile } from '../../settings/private-file.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { runDir } from '../rollback/run-dir.js';
import type { ReleaseRef } from './releases.js';

type Values = Readonly<Record<string, Json>>;

/**
 * Keeps values for Helm with the run, for its owner only: they may hold what nobody else should read. Written once: a later attempt
 * may find a release that has been changed already.
 * @returns the file
 */
export function keepValues(context: ActivityContext, run: RunRef, { name }: ReleaseRef, values: Values): string {
  const file = join(runDir(context.dataDir, run), `values-${name}.json`);
  createPrivateFile(file, JSON.stringify(values));
  return file;
}

/** How values are given to Helm: files first, and what a later one says counts. */
export function valueArguments(files: readonly string[], set: readonly string[]): string[] {
  return [...files.flatMap((file) => ['--values', file]), ...set.flatMap((option) => ['--set', option])];
}
