import { randomBytes, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dataPaths } from '../../settings/paths.js';

const MAX_HOST = 40;

/**
 * Names this Meshlift to other ones: the name of the machine, for people, and random digits that are made once and kept
 * in the data folder. Workers that share the folder share the id.
 */
export function readServerId(dataDir: string): string {
  const file = dataPaths(dataDir).serverId;
  const kept = readKept(file);
  if (kept !== null) return kept;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, `${newId()}\n`, { mode: 0o600 });
  try {
    // The file has its name only when it is whole, and the first of two processes wins.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readKept(file) ?? newId();
}

function newId(): string {
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, MAX_HOST);
  return `${host}-${randomBytes(4).toString('hex')}`;
}

function readKept(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
