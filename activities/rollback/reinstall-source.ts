import { join } from 'node:path';
import { COMPONENT_LABEL, ISTIO_NAMESPACE, REVISION_LABEL } from '../../domain/names.js';
import type { Route } from '../../domain/plan.js';
import { imageTag } from '../../domain/pod.js';
import type { ProofLine } from '../../domain/run.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { heartbeating } from '../heartbeat.js';
import { accessArguments } from '../kube/access-arguments.js';
import type { KubeClient } from '../kube/types.js';
import { isComplete, untilHolds } from '../mesh/deployment-state.js';
import { probeOldInjection } from '../mesh/probe-old-injection.js';
import { probeValidation } from '../mesh/probe-validation.js';
import { asWorkload } from '../workloads/owned-pods.js';
import { resourceOf } from './observe.js';
import { rememberBeforeReinstall, removeAdditions } from './reinstall-additions.js';
import { requireNotAskedFor, requireOldControlPlane, requireUnused } from './require.js';
import { runDir } from './run-dir.js';
import { readSnapshot } from './snapshot-file.js';
import { sourceIstioctl } from './source-istioctl.js';

/** Its installer waits up to ten minutes for istiod alone. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;
/** istiod writes its certificate into the webhooks again, and makes validation strict again, within seconds. */
const SETTLE_SECONDS = 120;

/**
 * Guide, step 6, where the old control plane was 1.5: its own istioctl installs it again, with the options of the run. That
 * installer removes the new control plane at once, so everything must be back before. Its exit code says nothing: it fails
 * on deprecation warnings although everything was applied. What is there decides.
 * @throws ControlPlaneNotReady, SidecarWrong or NamespaceChanged when it is too early; ReinstallFailed with istioctl's last lines
 */
export function createReinstallSource(context: ActivityContext): Activities['reinstallSource'] {
  return ({ run, route, options, overlays }) =>
    heartbeating(async (signal) => {
      const { kube, cluster } = context.access(run.cluster);
      const before = await readSnapshot(context.dataDir, run);
      await requireOldControlPlane(kube, run, route);
      await requireNotAskedFor(kube, run, route);
      await requireUnused(kube, run, route);
      const source = await sourceIstioctl(context, { run, route, options, overlays, signal });
      const shown = [...source.installVerb, ...source.options];
      const target = accessArguments(cluster);
      await rememberBeforeReinstall(context, run);
      const operation = { id: 'reinstall', argv: ['istioctl', ...shown], mutating: true };
      await recordOperation(context.journal, run, operation, async () => {
        const { exitCode, tail } = await source.run([...shown, ...target], {
          timeoutMs: INSTALL_TIMEOUT_MS,
          lockFile: join(runDir(context.dataDir, run), 'istioctl.lock'),
        });
        const obstacle = await untilHolds(() => firstObstacle(kube, route, before), {
          timeoutSeconds: SETTLE_SECONDS,
          signal,
        });
        if (obstacle !== null) {
          const message = `istioctl of ${route.from.version} ended with exit code ${exitCode} in cluster ${run.cluster}, and ${obstacle}.`;
          throw failure('ReinstallFailed', message, { tail });
        }
        return { outcome: 'succeeded', tail: `${tail}\nexit code ${exitCode}`, value: undefined };
      });
      await removeAdditions(context, run, before);
      return prove(kube, run, route, signal);
    });
}

async function firstObstacle(kube: KubeClient, route: Route, before: Snapshot): Promise<string | null> {
  const { items } = await kube.list(
    { api: 'apps/v1', plural: 'deployments', namespace: ISTIO_NAMESPACE },
    { labelSelector: COMPONENT_LABEL },
  );
  const old = items.find(
    ({ metadata: { labels = {} } }) => labels['app'] === 'istiod' && labels[REVISION_LABEL] === undefined,
  );
  if (old === undefined) return 'there is no istiod without a revision';
  const tag = imageTag(asWorkload(old).spec.template.spec.containers[0]?.image ?? '');
  if (tag !== route.from.version) return `Deployment ${old.metadata.name} is ${tag}`;
  const late = items.find((deployment) => !isComplete(deployment));
  if (late !== undefined) return `Deployment ${late.metadata.name} is not complete`;
  return webhookObstacle(kube, before);
}

interface Webhook {
  readonly name: string;
  readonly failurePolicy?: string;
  readonly clientConfig: { readonly caBundle?: string };
}

/** Applying webhooks again empties their certificates and makes validation lax, until istiod has seen it. */
async function webhookObstacle(kube: KubeClient, before: Snapshot): Promise<string | null> {
  for (const recorded of before.objects.filter(({ collection }) => collection.endsWith('webhookconfigurations'))) {
    const current = await kube.get(resourceOf(recorded));
    if (current === null) return `webhook configuration ${recorded.name} is missing`;
    const now = new Map(webhooksOf(current).map((webhook) => [webhook.name, webhook]));
    for (const { name, failurePolicy } of webhooksOf(recorded.object)) {
      const webhook = now.get(name);
      if ((webhook?.clientConfig.caBundle ?? '') === '') return `webhook ${name} of ${recorded.name} has no CA bundle`;
      if (webhook?.failurePolicy !== failurePolicy)
        return `webhook ${name} does not say ${failurePolicy ?? 'Fail'} again`;
    }
  }
  return null;
}

function webhooksOf(object: Readonly<Record<string, unknown>>): readonly Webhook[] {
  return (object['webhooks'] ?? []) as readonly Webhook[];
}

async function prove(kube: KubeClient, run: RunRef, route: Route, signal: AbortSignal): Promise<ProofLine[]> {
  const problem = await probeValidation(kube);
  if (problem !== null) throw failure('ValidationBroken', `In cluster ${run.cluster} ${problem}.`);
  const tag = await probeOldInjection(kube, signal);
  if (tag === route.from.sidecar.proxyTag) {
    const detail = `a pod of a scratch namespace got proxy ${tag}`;
    return [{ name: 'the old control plane injects again', ok: true, detail }];
  }
  const got = tag === null ? 'no sidecar' : `proxy ${tag}`;
  throw failure('ReinstallFailed', `In cluster ${run.cluster} a pod of a scratch namespace got ${got}.`);
}
