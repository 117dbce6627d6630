import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { assetPath, PROJECT_ROOT } from '../settings/node-command.js';

/** What `Worker.create` and `Worker.runReplayHistory` take. */
export interface KeptBundle {
  readonly codePath: string;
}

/** Bundles of other states of the sources that stay: enough for going to and fro between two branches. */
const KEPT_BUNDLES = 5;

/**
 * The workflows, packed for Temporal's sandbox: packing costs seconds of a whole core, and a worker that was killed should
 * be back at once, so the pack is kept under a digest of everything that goes into it.
 * @param cacheDir Meshlift's cache folder; the pack lies in `workflows/<sha256>.js` below it
 * @returns where the pack lies
 * @throws an error of the file system when the cache folder cannot be written
 */
export async function keptWorkflowBundle(cacheDir: string): Promise<KeptBundle> {
  const folder = join(cacheDir, 'workflows');
  const workflowsPath = entryPath();
  const codePath = join(folder, `${await digestOfSources(workflowsPath)}.js`);
  if (await exists(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Two workers may pack at once: each renames a whole file into place, and both are the same.
  const draft = join(folder, `.${randomUUID()}`);
  await writeFile(draft, code, { mode: 0o600 });
  await rename(draft, codePath);
  await removeOldest(folder);
  return { codePath };
}

/** Sources or `dist/`, whichever this file belongs to. */
function entryPath(): string {
  return import.meta.url.endsWith('.ts')
    ? fileURLToPath(new URL('../workflows/index.ts', import.meta.url))
    : assetPath(new URL('../workflows/index.js', import.meta.url));
}

/** Of every file the workflows may import (the import rules allow these two folders), and of the pins of the libraries. */
async function digestOfSources(workflowsPath: string): Promise<string> {
  const top = join(workflowsPath, '..', '..');
  const folders = ['workflows', 'domain'].map((name) => join(top, name));
  const files = (await Promise.all(folders.map(filesBelow))).flat().sort();
  const hash = createHash('sha256').update(process.version);
  for (const file of [join(PROJECT_ROOT, 'package.json'), ...files]) {
    const bytes = await readFile(file);
    hash.update(`\0${relative(top, file)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function removeOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  const old = dated.sort((a, b) => b.at - a.at).slice(KEPT_BUNDLES);
  await Promise.all(old.map(({ name }) => rm(join(folder, name), { force: true })));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
