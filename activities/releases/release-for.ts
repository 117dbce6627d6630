import { join } from 'node:path';
import { needsSourceArchive, sourceReleaseOf, type KeptArchive, type Release } from '../../domain/release.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import { fetchReleaseArchive, type FetchedRelease, type FetchRequest } from './fetch-release.js';
import { keepOverlays } from './kept-overlays.js';
import type { Progress } from './download.js';
import { describeProgress } from './progress.js';

/** Where releases come from and where they are kept. */
export type Places = Pick<ActivityContext, 'cacheDir' | 'dataDir' | 'catalogue'>;

/** The release for this machine, verified and unpacked: from where it is kept, or from the vendor when it is not there yet. */
export async function releaseFor(
  places: Places,
  release: Release,
  signal: AbortSignal,
  options: FetchOptions = {},
): Promise<FetchedRelease> {
  const policy = places.catalogue.downloads;
  const cacheDir = keptIn(places, release);
  return fetchReleaseArchive({ platform: process.platform, release, policy, cacheDir, signal, ...options });
}

/** What callers may want otherwise. */
export type FetchOptions = Partial<Pick<FetchRequest, 'platform' | 'heartbeat'>>;

/**
 * What brings a control plane of that version back.
 * @throws UnknownRelease when the catalogue has no release of role `source` for it
 */
export function sourceRelease({ catalogue }: Pick<ActivityContext, 'catalogue'>, version: string): Release {
  const release = sourceReleaseOf(catalogue.releases, version);
  if (release !== null) return release;
  const message = `The catalogue has no release of role "source" that brings ${version} back; going back from an upgrade of ${version} needs its archive.`;
  throw failure('UnknownRelease', message);
}

/**
 * Guide, steps 2 and 3: downloads, verifies before it unpacks, and keeps each release that the run will need, and the overlay files. It is done
 * before the first change, because afterwards it is too late to find out that there is no way back.
 */
export function createFetchRelease(context: ActivityContext): Activities['fetchRelease'] {
  return ({ run, route, overlays }) =>
    heartbeating(async (signal) => {
      await keepOverlays(context, run, overlays);
      const source = needsSourceArchive(route.from.version) ? [sourceRelease(context, route.from.version)] : [];
      const archives: KeptArchive[] = [];
      for (const release of [...source, context.release(run.release)])
        archives.push(await keep(context, run, release, signal));
      return { archives };
    });
}

async function keep(
  context: ActivityContext,
  run: RunRef,
  release: Release,
  signal: AbortSignal,
): Promise<KeptArchive> {
  const { version, role } = release;
  const operation = { id: `fetch/${version}`, argv: ['curl', '-LO', archiveUrl(release)], mutating: false };
  return recordOperation(context.journal, run, operation, async (report) => {
    const heartbeat = (progress: Progress) => report(describeProgress(progress));
    const { digest, dir } = await releaseFor(context, release, signal, { heartbeat });
    const verified = howProven(release);
    const value = { version, role, digest, verified, dir };
    return { outcome: 'succeeded', tail: `sha256 ${digest}\n${verified}`, value };
  });
}

function howProven(release: Release): string {
  return release.publicKey === undefined
    ? `SHA-256 as the catalogue names it for ${release.version}: Verified OK`
    : `ECDSA P-256 over SHA-256 with the key of ${release.version}: Verified OK`;
}

/** What a person would fetch on this machine. */
function archiveUrl({ baseUrl, archives }: Release): string {
  const file = Object.entries(archives).find(([platform]) => platform === process.platform)?.[1].file;
  return `${baseUrl}/${file ?? ''}`;
}

/**
 * The target can be fetched again and belongs to the cache. What brings the source back must not go when somebody clears
 * that: it is kept with the data, in `asm-1-5` as the guide says (step 2).
 */
function keptIn({ cacheDir, dataDir }: Places, { role, version }: Release): string {
  if (role === 'target') return cacheDir;
  const minor = version.split('.').slice(0, 2).join('-');
  return join(dataDir, 'kept', `asm-${minor}`);
}
