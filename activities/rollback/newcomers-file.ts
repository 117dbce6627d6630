import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createPrivateFile } from '../../settings/private-file.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { recordDir } from './run-dir.js';

const labelsSchema = z.record(z.string(), z.string());
type Labels = z.infer<typeof labelsSchema>;

/** One file per namespace. A draft that a killed worker has left has another name. */
const FILE = /^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.json$/;

/** The labels of a namespace that joined the run after its snapshot, as they were then. Written once: what is there stays. */
export function keepNewcomer(dataDir: string, run: RunRef, namespace: string, labels: Labels): void {
  createPrivateFile(join(folderOf(dataDir, run), `${namespace}.json`), `${JSON.stringify(labels)}\n`);
}

/** The labels of all namespaces that joined the run after its snapshot. @throws SnapshotMissing where a file is damaged */
export function readNewcomers(dataDir: string, run: RunRef): Record<string, Labels> {
  const folder = folderOf(dataDir, run);
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder).flatMap((file) => FILE.exec(file)?.[1] ?? []);
  return Object.fromEntries(names.map((name) => [name, read(join(folder, `${name}.json`))]));
}

function read(file: string): Labels {
  try {
    return labelsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw failure('SnapshotMissing', `The record ${file} is damaged: ${(error as Error).message}`);
  }
}

function folderOf(dataDir: string, run: RunRef): string {
  return join(recordDir(dataDir, run), 'newcomers');
}
