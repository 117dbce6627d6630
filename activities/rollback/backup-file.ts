import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { pluralOf } from '../../domain/old-revision.js';
import { creatableApi, type RecordedObject } from '../../domain/snapshot.js';
import { replacePrivateFile } from '../../settings/private-file.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import type { KubeObject } from '../kube/types.js';
import { recordDir } from './run-dir.js';

/** What the API server itself writes into an object, and does not take in a new one. */
const OF_THE_SERVER = ['resourceVersion', 'uid', 'creationTimestamp', 'generation', 'selfLink', 'managedFields'];

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

type Place = Pick<RecordedObject, 'collection' | 'namespace' | 'name'>;

/** File of one removed object: a manifest that `kubectl create -f` takes. */
export function backupFile(dataDir: string, run: RunRef, place: Place): string {
  const name = [pluralOf(place), ...(place.namespace === null ? [] : [place.namespace]), place.name].join('.');
  return join(recordDir(dataDir, run), 'backup', `${encodeURIComponent(name)}.json`);
}

/**
 * Keeps an object as it is just before it is removed. When this returns the file survives a loss of power; only its owner
 * may read it. A second call for the same object replaces it.
 */
export function keepBackup(dataDir: string, run: RunRef, place: Place, object: KubeObject): void {
  replacePrivateFile(backupFile(dataDir, run, place), `${JSON.stringify(toManifest(object), null, 2)}\n`);
}

/**
 * Reads a removed object as it was.
 * @returns null when it was never removed
 * @throws SnapshotMissing when the file is damaged: going back would be guessing
 */
export async function readBackup(dataDir: string, run: RunRef, place: Place): Promise<object | null> {
  const file = backupFile(dataDir, run, place);
  try {
    return manifestSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw failure('SnapshotMissing', `The backup ${file} cannot be read: ${(error as Error).message}`);
  }
}

function toManifest({ metadata, ...rest }: KubeObject): object {
  // The tokens of a service account go with it, and another one gets its own.
  const gone = rest.kind === 'ServiceAccount' ? ['status', 'secrets'] : ['status'];
  const decided = Object.entries(rest).filter(([key]) => !gone.includes(key));
  const kept = Object.entries(metadata).filter(([key]) => !OF_THE_SERVER.includes(key));
  const version = rest.apiVersion === undefined ? {} : { apiVersion: creatableApi(rest.apiVersion, rest) };
  return { ...Object.fromEntries(decided), ...version, metadata: Object.fromEntries(kept) };
}
