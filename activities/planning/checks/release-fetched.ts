import { ApplicationFailure } from '@temporalio/common';
import { needsSourceArchive } from '../../../domain/release.js';
import type { Check, CheckInput, Found } from '../check.js';
import type { ReleaseTools } from '../release-tools.js';

/**
 * What is proven now cannot stop the run half-way. Fetching it changes nothing in the cluster. A server that is away is no
 * answer: that is thrown, so that the run waits for it.
 */
export const releaseFetched: Check = {
  id: 'MESH046',
  look: async (input) => {
    const found = await Promise.all(neededReleases(input).map((tools) => refusalOf(input, tools)));
    return found.flat();
  },
};

/** What a run installs and, from 1.5, what it would go back with (guide, steps 2 and 3). */
export function neededReleases({
  target,
  source,
  plan,
}: Pick<CheckInput, 'target' | 'source' | 'plan'>): ReleaseTools[] {
  const installsSource = needsSourceArchive(plan.route?.from.version ?? '');
  return [target, ...(installsSource && source !== null ? [source] : [])];
}

async function refusalOf({ release, cluster, signal }: CheckInput, tools: ReleaseTools): Promise<Found[]> {
  try {
    await tools.fetched();
    return [];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ApplicationFailure) || error.nonRetryable !== true) throw error;
    return [
      {
        reason: error.type ?? 'DownloadFailed',
        message: `Release ${tools.version} is not at hand: ${error.message}`,
        remedy: 'Mend what the message names; checks that need the release are unknown until then.',
        command: `meshlift plan ${cluster.id} --release ${release.version}`,
      },
    ];
  }
}
