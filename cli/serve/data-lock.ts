import { renameSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { identify, isAlive, type ProcessIdentity } from '../../settings/process-identity.js';
import { createPrivateFile, readIfThere } from '../../settings/private-file.js';
import { ServeError } from './serve-error.js';

/** Held as long as a `serve` uses the data folder. */
export interface DataLock {
  release(): void;
}

const ATTEMPTS = 20;
const ownerSchema = z.object({ pid: z.int(), startTime: z.string() });

/**
 * Takes the data folder for this process alone. A lock whose owner has died, by whatever signal, is taken over.
 * @param file the lock, inside the data folder
 * @throws ServeError naming the process that has it
 */
export function lockDataDir(file: string, self: ProcessIdentity = identify(process.pid)): DataLock {
  const text = JSON.stringify(self);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (createPrivateFile(file, text)) return { release: () => release(file, text) };
    const owner = ownerIn(file);
    if (owner !== null && isAlive(owner)) {
      throw new ServeError(
        `Process ${owner.pid}, another \`meshlift serve\`, uses this data folder (${file}). ` +
          'End it first, or choose another folder with --data-dir.',
      );
    }
    setAside(file);
  }
  throw new ServeError(`${file} cannot be taken: somebody else keeps taking it. Is a \`meshlift serve\` in a loop?`);
}

function ownerIn(file: string): ProcessIdentity | null {
  try {
    return ownerSchema.parse(JSON.parse(readIfThere(file) ?? ''));
  } catch {
    return null;
  }
}

/** Removes a dead owner's lock. A rename takes exactly one lock, so it shows if a living one came in between. */
function setAside(file: string): void {
  const aside = `${file}.${process.pid}.aside`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const owner = ownerIn(aside);
  if (owner !== null && isAlive(owner)) createPrivateFile(file, JSON.stringify(owner));
  rmSync(aside, { force: true });
}

function release(file: string, text: string): void {
  if (readIfThere(file) === text) rmSync(file, { force: true });
}
