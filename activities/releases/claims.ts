import { createHash } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { startTimeOf } from '../../settings/process-identity.js';

/**
 * Files that a process works on carry its tag in their names. So several processes share a cache folder without locks: nobody touches
 * what a living process works on, and what a killed one left behind is taken over by renaming it, which only one can do.
 */
const THIS_MACHINE = shortHash(hostname());
let taken = 0;

/** A tag of this process, another one at each call. */
export function newTag(): string {
  return `${THIS_MACHINE}-${process.pid}-${startPrint(process.pid)}-${++taken}`;
}

/**
 * Takes over a partly done file: one that was laid down under the plain name, or one whose process is gone.
 * @returns the path of a file of one's own; it exists only if there was something to take over
 */
export async function claim(dir: string, name: string): Promise<string> {
  const mine = join(dir, `${name}.${newTag()}`);
  for (const candidate of await left(dir, name)) {
    if (await tryRename(join(dir, candidate), mine)) return mine;
  }
  return mine;
}

/** Lays a partly done file down, for whoever goes on with it. */
export async function layDown(mine: string, dir: string, name: string): Promise<void> {
  await tryRename(mine, join(dir, name));
}

/** Removes what killed processes left behind under that name. */
export async function sweep(dir: string, name: string): Promise<void> {
  for (const candidate of await left(dir, name)) await rm(join(dir, candidate), { recursive: true, force: true });
}

async function left(dir: string, name: string): Promise<string[]> {
  const files = await readdir(dir);
  return files.filter(
    (file) => file === name || (file.startsWith(`${name}.`) && isOrphan(file.slice(name.length + 1))),
  );
}

/** Of the processes of other machines that share the folder nothing is known: theirs is left alone. */
function isOrphan(tag: string): boolean {
  const [, machine = '', pid = '', print = ''] = /^([0-9a-f]+)-(\d+)-([0-9a-f]+)-\d+$/.exec(tag) ?? [];
  return machine === THIS_MACHINE && startPrint(Number(pid)) !== print;
}

/** Process ids are used again, start times are not. */
function startPrint(pid: number): string {
  return shortHash(startTimeOf(pid) ?? 'never');
}

async function tryRename(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    },
  );
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
