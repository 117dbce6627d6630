import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Flavour } from '../binaries/index.js';

/** A sandbox that is up. Paths are absolute. */
export interface Sandbox {
  readonly name: string;
  readonly flavour: Flavour;
  /** Everything of this sandbox lies in this folder; it is gone after `down`. */
  readonly dir: string;
  /** What a user of the cluster gets: contexts `meshlift` (current), `reader`, `roller`. */
  readonly kubeconfig: string;
  /** The sandbox's own way in, as `system:masters`. */
  readonly adminKubeconfig: string;
  /** A configuration file for `meshlift serve` that registers this cluster and its bucket. */
  readonly configFile: string;
  readonly kubectl: string;
  readonly apiServer: string;
  readonly bucket: { readonly baseUrl: string };
  /** Where its metrics are, if it was brought up with a Prometheus. */
  readonly metrics?: { readonly prometheus: string; readonly generator: string };
}

/** Folder that holds one folder per sandbox. Short, because it holds a Unix socket (108 characters at most). */
function stateRoot(): string {
  return process.env['MESHLIFT_SANDBOX_DIR'] ?? join(tmpdir(), 'meshlift-sandbox');
}

/** The folder of the sandbox of that name, whether it is there or not. */
export function sandboxDir(name: string): string {
  return join(stateRoot(), name);
}

/** Reads a sandbox that is up; null when there is none of that name. */
export async function readSandbox(name: string): Promise<Sandbox | null> {
  try {
    return JSON.parse(await readFile(join(sandboxDir(name), 'sandbox.json'), 'utf8')) as Sandbox;
  } catch {
    return null;
  }
}

/** Records a sandbox as up. */
export async function writeSandbox(sandbox: Sandbox): Promise<void> {
  await writeAtomically(join(sandbox.dir, 'sandbox.json'), `${JSON.stringify(sandbox, null, 2)}\n`);
}

/** Names of the sandboxes that have a folder, also of those that did not come up or were left by a crash. */
export async function sandboxNames(): Promise<string[]> {
  return existsSync(stateRoot()) ? (await readdir(stateRoot())).sort() : [];
}

/** Claims the folder of a new sandbox. @returns false when one of that name has it already */
export async function claimDir(name: string): Promise<boolean> {
  await mkdir(stateRoot(), { recursive: true });
  try {
    await mkdir(sandboxDir(name), { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the folder of a sandbox. */
export async function removeDir(name: string): Promise<void> {
  await rm(sandboxDir(name), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** Writes a file so that a reader sees the old or the new one, never a part. Only its owner may read it. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
}
