import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSeq, parseDocument, YAMLSeq } from 'yaml';
import { z } from 'zod';
import { releaseEntrySchema } from '../../domain/release-entry.js';
import type { Release } from '../../domain/release.js';
import { loadCatalogue } from '../../settings/catalogue.js';
import { downloadRefusal } from '../../settings/download-policy.js';
import { parseSettings } from '../../settings/settings.js';
import { UsageError } from '../exit-codes.js';
import type { LocalConfig } from './local.js';

/**
 * Adds the entry of a release to a configuration file, whose comments and order stay. The whole file is judged as it would
 * be read at the next start, and nothing is written when anything is wrong.
 * @throws UsageError, SettingsError
 */
export async function addRelease(entryFile: string, config: LocalConfig, env: NodeJS.ProcessEnv): Promise<Release> {
  const entry = documentOf(await readFile(entryFile, 'utf8').catch(unreadable(entryFile)), entryFile);
  const release = readEntry(entry, entryFile);
  const catalogue = loadCatalogue(config.settings, env);
  if (catalogue.find(release.version) !== null)
    throw new UsageError(
      `The catalogue has release "${release.version}" already; edit ${config.file} to change it.`,
      'written',
    );
  // Whoever wrote the entry must not decide alone where this machine fetches programs from.
  const refusal = downloadRefusal(new URL(release.baseUrl), catalogue.downloads);
  if (refusal !== null) throw new UsageError(`${entryFile} names ${release.baseUrl}: ${refusal}.`, 'written');
  const text = await withEntry(config.file, entry);
  loadCatalogue(parseSettings(text, config.file), env);
  await replaceFile(config.file, text);
  return release;
}

function readEntry(document: ReturnType<typeof parseDocument>, file: string): Release {
  const parsed = releaseEntrySchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} is no entry of a release:\n${z.prettifyError(parsed.error)}`, 'written');
}

/** The text of the configuration with the entry at the end of `releases`; of the entry too, comments stay. */
async function withEntry(file: string, entry: ReturnType<typeof parseDocument>): Promise<string> {
  const document = documentOf(existsSync(file) ? await readFile(file, 'utf8') : '', file);
  const releases = document.get('releases');
  const list = isSeq(releases) ? releases : new YAMLSeq(document.schema);
  // `releases: []` would go on in one line.
  list.flow = false;
  list.add(entry.contents);
  if (list !== releases) document.set('releases', list);
  return document.toString({ lineWidth: 0 });
}

function documentOf(text: string, file: string) {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw new UsageError(`${file} is not valid YAML: ${problem.message}`, 'written');
  return document;
}

/** In one step: whoever reads the file meanwhile gets the old text or the new one. A link to it stays a link. */
async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const target = existsSync(file) ? await realpath(file) : file;
  const mode = existsSync(target) ? (await stat(target)).mode & 0o777 : 0o600;
  const draft = `${target}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, text, { mode, flag: 'wx' });
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
}

function unreadable(file: string): (error: unknown) => never {
  return (error) => {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`, 'written');
  };
}
