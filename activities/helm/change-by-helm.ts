import { join } from 'node:path';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { runDir } from '../rollback/run-dir.js';
import type { Helm } from './helm.js';

/** As long as istioctl would wait, as Helm takes it. */
export const TIMEOUT = '10m';
const TIMEOUT_MS = 660_000;

/** Has Helm change the cluster, with its entry in the journal. One that a killed worker left behind is ended first. */
export async function changeByHelm(
  context: ActivityContext,
  run: RunRef,
  helm: Helm,
  { id, args }: { readonly id: string; readonly args: readonly string[] },
): Promise<void> {
  const lockFile = join(runDir(context.dataDir, run), 'helm.lock');
  await recordOperation(
    context.journal,
    run,
    { id: `helm/${id}`, argv: ['helm', ...args], mutating: true },
    async () => {
      const { tail } = await helm.run(args, { timeoutMs: TIMEOUT_MS, lockFile });
      return { outcome: 'succeeded', tail, value: undefined };
    },
  );
}
