import { ensureBinaries, type EnsureOptions } from '../../sandbox/binaries/index.js';
import { runTool } from '../../sandbox/exec.js';

const ANSWERS_WITHIN_MS = 15_000;

/**
 * The `temporal` command: the user's own when it runs, else one that is fetched once and kept.
 * @returns a path, or the bare name of the one on PATH
 * @throws MissingPrerequisite when it must be fetched and Python 3 is missing
 */
export async function findTemporal(options: EnsureOptions): Promise<string> {
  const ownRuns = await runTool('temporal', ['--version'], { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) }).then(
    () => true,
    () => false,
  );
  if (ownRuns) return 'temporal';
  const { temporal } = await ensureBinaries(['temporal'], options);
  if (temporal === undefined) throw new Error('the binary of Temporal has no path');
  return temporal;
}
