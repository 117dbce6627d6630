/** Fetches a release in a process of its own, which may be given less room than the tests have. Prints how it failed. */
import { ApplicationFailure } from '@temporalio/common';
import { fetchReleaseArchive } from '../../activities/releases/fetch-release.js';
import { releaseSchema } from '../../domain/release.js';
import { POLICY } from './release-support.js';

const { RELEASE = '', CACHE_DIR: cacheDir = '' } = process.env;
const release = releaseSchema.parse(JSON.parse(RELEASE));
try {
  const { signal } = new AbortController();
  await fetchReleaseArchive({ release, platform: 'linux', policy: POLICY, cacheDir, signal });
  console.log('fetched');
} catch (error) {
  console.log(error instanceof ApplicationFailure ? `${error.type ?? ''} ${error.message}` : String(error));
}
