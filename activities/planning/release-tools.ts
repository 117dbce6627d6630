import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Release } from '../../domain/release.js';
import { overlay } from '../../domain/settings-diff.js';
import type { ActivityContext } from '../context.js';
import { runCommand, type CommandResult } from '../exec.js';
import type { FetchedRelease } from '../releases/fetch-release.js';
import { releaseFor } from '../releases/release-for.js';

/** A release as it can be asked, through its own istioctl and profiles. It is fetched once, at first use. */
export interface ReleaseTools {
  readonly version: string;
  /** Fetches and proves the release. @throws DownloadFailed, SignatureInvalid, ArchiveInvalid, DiskFull */
  fetched(): Promise<Pick<FetchedRelease, 'dir' | 'istioctl'>>;
  /** Runs the release's istioctl. It is given no way to a cluster but by its arguments. */
  istioctl(args: readonly string[], timeoutMs: number): Promise<CommandResult>;
  /** What a profile of the release says, laid over its default one as istioctl does. @returns null when it has no such profile */
  profile(name: string): Promise<unknown>;
}

/** Makes the tools of a release. */
export function createReleaseTools(context: ActivityContext, release: Release, signal: AbortSignal): ReleaseTools {
  const fetched = once(() => releaseFor(context, release, signal));
  return {
    version: release.version,
    fetched,
    async istioctl(args, timeoutMs) {
      const { istioctl } = await fetched();
      return runCommand({ file: istioctl, args, signal, timeoutMs });
    },
    async profile(name) {
      const { dir } = await fetched();
      const file = (profile: string) => join(dir, 'manifests', 'profiles', `${profile}.yaml`);
      const own = await specIn(file(name)).catch(unlessMissing);
      return own === null ? null : overlay((await specIn(file('default')).catch(unlessMissing)) ?? {}, own);
    },
  };
}

/** Makes something at first use, and then gives the same again. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** The specification in a file with an IstioOperator. */
export async function specIn(file: string): Promise<unknown> {
  return (parse(await readFile(file, 'utf8')) as { spec?: unknown }).spec ?? {};
}

function unlessMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
