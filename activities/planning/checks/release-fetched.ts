import { ApplicationFailure } from '@temporalio/common';
import type { Check } from '../check.js';

/** What is proven now cannot stop the run half-way. Fetching it changes nothing in the cluster. */
export const releaseFetched: Check = {
  id: 'MESH046',
  look: async ({ target, release, signal }) => {
    try {
      await target.fetched();
      return [];
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApplicationFailure)) throw error;
      return [
        {
          reason: error.type ?? 'DownloadFailed',
          message: `Release ${release.version} is not at hand: ${error.message}`,
          remedy: 'Mend what the message names; checks that need the release are unknown until then.',
          command: `meshlift plan <cluster> --release ${release.version}`,
        },
      ];
    }
  },
};
