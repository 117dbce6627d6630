import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { addedBy15 } from '../../domain/old-revision.js';
import { keyOf, type Snapshot } from '../../domain/snapshot.js';
import { createPrivateFile } from '../../settings/private-file.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { observe } from './observe.js';
import { removeObject } from './remove-new-control-plane.js';
import { runDir } from './run-dir.js';

const keysSchema = z.array(z.string());

/**
 * Writes down, once, what is there before 1.5 is installed again: a second try must not take what the first one has added for
 * what others had put there.
 */
export async function rememberBeforeReinstall(context: ActivityContext, run: RunRef): Promise<void> {
  const { objects } = await observe(context.access(run.cluster).kube, run);
  createPrivateFile(fileOf(context, run), JSON.stringify(objects.map(keyOf)));
}

/**
 * The installer of 1.5 brings all of its defaults, also what an operator had removed before the run. That would not be the mesh
 * that was there: what it has added goes again. What was there before it, or carries another mark, stays.
 */
export async function removeAdditions(context: ActivityContext, run: RunRef, before: Snapshot): Promise<void> {
  const known = keysSchema.parse(JSON.parse(await readFile(fileOf(context, run), 'utf8')));
  const now = await observe(context.access(run.cluster).kube, run);
  for (const added of addedBy15(before, new Set(known), now)) await removeObject(context, run, added);
}

function fileOf({ dataDir }: ActivityContext, run: RunRef): string {
  return join(runDir(dataDir, run), 'before-reinstall.json');
}
