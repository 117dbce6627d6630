import { needsSourceArchive } from '../../domain/release.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { lastLine } from '../exec-output.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import { sourceIstioctl, type SourceIstioctl } from './source-istioctl.js';

/**
 * Going back to 1.5 runs two tools of 2020. Whether they can do it is found out before the first change: kubectl within one
 * minor of the cluster, and an istioctl that takes the options of the run.
 * @throws WayBackUnusable with what is missing
 */
export function createPrepareWayBack(context: ActivityContext): Activities['prepareWayBack'] {
  return ({ run, route, options, overlays }) =>
    heartbeating(async (signal) => {
      if (!needsSourceArchive(route.from.version)) return;
      const source = await sourceIstioctl(context, { run, route, options, overlays, signal });
      await requireKubectl(context, run, source);
      await requireOptions(context, run, source);
    });
}

async function requireKubectl(context: ActivityContext, run: RunRef, source: SourceIstioctl): Promise<void> {
  const { kube } = context.access(run.cluster);
  const server = minorIn(await kube.raw('/version'), /"gitVersion":\s*"v1\.(\d+)/);
  const said = await source.kubectl(['version', '--client', '--output=json']).catch((error: unknown) => {
    throw unusable(run, `kubectl does not run: ${(error as Error).message}`);
  });
  const client = minorIn(said.stdout, /"gitVersion":\s*"v1\.(\d+)/);
  if (client !== null && server !== null && Math.abs(client - server) <= 1) return;
  const found = client === null ? 'does not say its version' : `is 1.${client}`;
  throw unusable(run, `istioctl 1.5 would run a kubectl that ${found}, and the cluster is 1.${server ?? '?'}`);
}

function minorIn(text: string, pattern: RegExp): number | null {
  const minor = pattern.exec(text)?.[1];
  return minor === undefined ? null : Number(minor);
}

/** Renders what would be installed, and shows it to nobody: an option that 1.5 does not know is refused here already. */
async function requireOptions(context: ActivityContext, run: RunRef, source: SourceIstioctl): Promise<void> {
  const args = ['manifest', 'generate', ...source.options];
  const operation = { id: 'prove-way-back', argv: ['istioctl', ...args], mutating: false };
  await recordOperation(context.journal, run, operation, async () => {
    const { exitCode, stdout, tail } = await source.run(args, { timeoutMs: 60_000 });
    if (exitCode !== 0 || !/^kind: Deployment$/m.test(stdout)) {
      throw unusable(run, `istioctl of the old release does not take the options of this run: ${lastLine(tail)}`);
    }
    return { outcome: 'succeeded', tail: `${stdout.split('\n').length} lines of manifest`, value: undefined };
  });
}

function unusable({ cluster }: RunRef, what: string) {
  return failure('WayBackUnusable', `Cluster ${cluster} could not be rolled back: ${what}. Nothing was changed.`);
}
