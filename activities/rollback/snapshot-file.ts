import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Snapshot } from '../../domain/snapshot.js';
import { createPrivateFile } from '../../settings/private-file.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { readNewcomers } from './newcomers-file.js';
import { recordDir } from './run-dir.js';

const snapshotSchema = z.object({
  schema: z.literal(1),
  cluster: z.string(),
  runId: z.string(),
  takenAt: z.string(),
  namespaces: z.record(z.string(), z.record(z.string(), z.string())),
  objects: z.array(
    z.object({
      collection: z.string(),
      namespace: z.string().nullable(),
      name: z.string(),
      object: z.record(z.string(), z.json()),
      uid: z.exactOptional(z.string()),
    }),
  ),
  helm: z.exactOptional(z.record(z.string(), z.int())),
  gateways: z.exactOptional(
    z.record(
      z.string(),
      z.object({
        kind: z.enum(['installed', 'injected', 'gatewayApi']),
        declared: z.exactOptional(z.object({ name: z.string(), revision: z.string().nullable() })),
        front: z.record(z.string(), z.string()),
      }),
    ),
  ),
});

function fileOf(dataDir: string, run: RunRef): string {
  return join(recordDir(dataDir, run), 'snapshot.json');
}

/** Digest of a snapshot as it stands in its file. */
export function snapshotDigest(snapshot: Snapshot): string {
  return createHash('sha256').update(serialise(snapshot)).digest('hex');
}

function serialise(snapshot: Snapshot): string {
  return `${JSON.stringify(snapshot)}\n`;
}

/** Reads the snapshot of a run, with the namespaces that joined it later as they were then. @throws SnapshotMissing */
export async function readSnapshot(dataDir: string, run: RunRef): Promise<Snapshot> {
  const taken = await readSnapshotAsTaken(dataDir, run);
  return { ...taken, namespaces: { ...taken.namespaces, ...readNewcomers(dataDir, run) } };
}

/**
 * Reads the snapshot of a run as it was taken before the first change.
 * @throws SnapshotMissing when there is none, or it cannot be read: going back would be guessing
 */
export async function readSnapshotAsTaken(dataDir: string, run: RunRef): Promise<Snapshot> {
  const found = await findSnapshot(dataDir, run);
  if (found !== null) return found;
  throw failure(
    'SnapshotMissing',
    `The snapshot of run ${run.restores ?? run.runId} of cluster ${run.cluster} is not in ${fileOf(dataDir, run)}.`,
  );
}

/** Reads the snapshot of a run; null when it was not taken yet. @throws SnapshotMissing when the file is damaged */
export async function findSnapshot(dataDir: string, run: RunRef): Promise<Snapshot | null> {
  let text: string;
  try {
    text = await readFile(fileOf(dataDir, run), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw failure(
      'SnapshotMissing',
      `The snapshot ${fileOf(dataDir, run)} cannot be read: ${(error as Error).message}`,
    );
  }
  try {
    return snapshotSchema.parse(JSON.parse(text));
  } catch (error) {
    throw failure('SnapshotMissing', `The snapshot ${fileOf(dataDir, run)} is damaged: ${(error as Error).message}`);
  }
}

/**
 * Writes the snapshot of a run, once: what is there already stays, because it was taken before the first change.
 * The file has its name only when all of it is on disk. Only its owner may read it.
 */
export async function keepSnapshot(dataDir: string, run: RunRef, snapshot: Snapshot): Promise<Snapshot> {
  createPrivateFile(fileOf(dataDir, run), serialise(snapshot));
  return readSnapshotAsTaken(dataDir, run);
}
