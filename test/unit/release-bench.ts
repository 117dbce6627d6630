/** A cache folder and a server of archives for each test, and what the tests look at afterwards. */
import { ApplicationFailure } from '@temporalio/common';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import {
  fetchReleaseArchive,
  type FetchedRelease,
  type FetchRequest,
} from '../../activities/releases/fetch-release.js';
import {
  ARCHIVE,
  newKey,
  POLICY,
  releaseAt,
  signatureOf,
  startFileServer,
  type FileServer,
} from './release-support.js';

export interface ReleaseBench {
  readonly key: ReturnType<typeof newKey>;
  readonly server: () => FileServer;
  readonly cacheDir: () => string;
  /** Puts an archive and its signature on the server. */
  readonly offer: (content: Buffer, signer?: ReturnType<typeof newKey>, file?: string) => void;
  readonly fetchIt: (request?: Partial<FetchRequest>) => Promise<FetchedRelease>;
  /** Everything in the cache but the folder of archives: what was unpacked, or half unpacked. */
  readonly unpacked: () => Promise<string[]>;
  readonly archives: () => Promise<string[]>;
}

/** Call it once at the top of a test file. */
export function useReleaseBench(first: Buffer): ReleaseBench {
  const key = newKey();
  let cacheDir = '';
  let server: FileServer | null = null;
  const open = () => {
    if (server === null) throw new Error('there is no server outside of a test');
    return server;
  };
  const bench: ReleaseBench = {
    key,
    server: open,
    cacheDir: () => cacheDir,
    offer(content, signer = key, file = ARCHIVE) {
      open().files.set(file, content).set(`${file}.1.sig`, signatureOf(content, signer));
    },
    fetchIt: (request = {}) =>
      fetchReleaseArchive({
        release: releaseAt(open().baseUrl, key),
        platform: 'linux',
        policy: POLICY,
        cacheDir,
        signal: new AbortController().signal,
        ...request,
      }),
    unpacked: async () => (await readdir(join(cacheDir, 'releases'))).filter((name) => name !== 'archives'),
    archives: () => readdir(join(cacheDir, 'releases', 'archives')),
  };
  beforeEach(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'meshlift-releases-'));
    server = await startFileServer();
    bench.offer(first);
  });
  afterEach(async () => {
    await server?.close();
    await rm(cacheDir, { recursive: true, force: true });
  });
  return bench;
}

/** The failure that a piece of work ends with; the test fails when it ends well. */
export async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}
