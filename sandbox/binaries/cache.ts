import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from '../../settings/process-identity.js';
import { groupOf, type BinaryGroup } from './catalogue.js';

/** Where a binary is kept: by name and exact version, so that a new version never replaces a running one. */
export function binaryPath(cacheDir: string, binary: string): string {
  const command = groupOf(binary).binaries[binary] ?? binary;
  return join(cacheDir, 'bin', `${binary}@${groupOf(binary).version}`, command.split('/').at(-1) ?? binary);
}

/** Where a group is built. Kept after a failure, so that the next try goes on from there. */
export function workDir(cacheDir: string, group: BinaryGroup): string {
  return join(cacheDir, 'build', `${group.id}@${group.version}`);
}

/** Whether a binary is there. It is: files get their name only when they are whole. */
export function isBuilt(cacheDir: string, binary: string): boolean {
  return existsSync(binaryPath(cacheDir, binary));
}

/** Gives a finished binary its place and its name, in one step. */
export async function keepBinary(cacheDir: string, binary: string, builtFile: string): Promise<void> {
  const target = binaryPath(cacheDir, binary);
  await mkdir(dirname(target), { recursive: true });
  await rename(builtFile, target);
}

/**
 * Does something that only one process may do at a time. A lock whose owner has died is taken over.
 * @param onWait told once, with the id of the process that holds the lock
 */
export async function withLock<T>(file: string, onWait: (pid: number) => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const self = identify(process.pid);
  let told = false;
  while (!(await tryLock(file, self))) {
    const owner = await ownerOf(file);
    if (owner !== null && isAlive(owner)) {
      if (!told) onWait(owner.pid);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 500));
    } else {
      await rm(file, { force: true });
    }
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function tryLock(file: string, self: ProcessIdentity): Promise<boolean> {
  const draft = `${file}.${self.pid}`;
  try {
    // Written aside and linked into place: a lock is never seen without its owner.
    const handle = await open(draft, 'w');
    await handle.writeFile(JSON.stringify(self));
    await handle.close();
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function ownerOf(file: string): Promise<ProcessIdentity | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity;
  } catch {
    return null;
  }
}
