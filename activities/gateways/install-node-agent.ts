import { placeOf } from '../../domain/gateways.js';
import type { NodeAgent } from '../../domain/plan.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { upgradeAgent } from '../helm/node-agent.js';
import { heartbeating } from '../heartbeat.js';
import { untilHolds } from '../mesh/deployment-state.js';
import { install } from '../mesh/install-control-plane.js';
import { createReporter } from '../workloads/report-progress.js';
import { agentObstacle, progressOf } from './node-agents.js';

/**
 * Has istioctl, or Helm where that keeps it, replace one part of every node, and watches its DaemonSet go from node to node by its
 * own rules, until each node runs the new version and is ready.
 * @throws HelmFailed; InstallFailed with istioctl's last lines; WorkloadNotReady with what is missing
 */
export function createInstallNodeAgent(context: ActivityContext): Activities['installNodeAgent'] {
  return ({ agent, timeoutSeconds, ...installation }) =>
    heartbeating(async (signal) => {
      if (installation.route.installer === 'helm') await upgradeAgent(context, installation, agent, signal);
      else await install(context, installation, agent.kind, signal);
      await follow(
        context,
        installation.run,
        { agent, version: installation.route.to.version, timeoutSeconds },
        signal,
      );
    });
}

interface Following {
  readonly agent: NodeAgent;
  readonly version: string;
  readonly timeoutSeconds: number;
}

async function follow(
  context: ActivityContext,
  run: RunRef,
  { agent, version, timeoutSeconds }: Following,
  signal: AbortSignal,
): Promise<void> {
  const { kube } = context.access(run.cluster);
  const { namespace, name } = placeOf({ deployment: agent.daemonSet });
  const workload = { kind: 'DaemonSet' as const, namespace, name };
  const tell = createReporter(context, { run, workload, direction: 'forward' });
  const argv = ['kubectl', 'rollout', 'status', `daemonset/${name}`, '-n', namespace];
  await recordOperation(context.journal, run, { id: `node-agent/${name}`, argv, mutating: false }, async (report) => {
    const obstacle = await untilHolds(
      async () => {
        const object = await kube.get({ api: 'apps/v1', plural: 'daemonsets', namespace, name });
        const missing = agentObstacle(object, version);
        await tell(progressOf(object, missing));
        if (missing !== null) report(missing);
        return missing;
      },
      { timeoutSeconds, signal },
    );
    if (obstacle === null) return { outcome: 'succeeded', value: undefined };
    const message = `DaemonSet ${agent.daemonSet} of cluster ${run.cluster} is not on every node after ${timeoutSeconds} s: ${obstacle}.`;
    throw failure('WorkloadNotReady', message);
  });
}
