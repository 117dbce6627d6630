import { placeOf } from '../../domain/gateways.js';
import { lostFromFront } from '../../domain/gateway-front.js';
import { named } from '../../domain/named.js';
import { REVISION_LABEL } from '../../domain/names.js';
import type { GatewayDeployment } from '../../domain/plan.js';
import type { ProofLine } from '../../domain/run.js';
import type { RecordedGateway, Snapshot } from '../../domain/snapshot.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import type { KubeClient, KubeObject, Resource } from '../kube/types.js';
import { detectGateways } from '../planning/detect-gateways.js';
import { readFront } from './front.js';

/** The Deployment of a gateway, as a resource of the API. */
export function deploymentResource(gateway: Pick<GatewayDeployment, 'deployment'>): Resource {
  return { api: 'apps/v1', plural: 'deployments', ...placeOf(gateway) };
}

/** A Gateway of the Gateway API, as a resource of the API. */
export function declaredResource(namespace: string, name: string): Resource {
  return { api: 'gateway.networking.k8s.io/v1', plural: 'gateways', namespace, name };
}

/** Every gateway of the mesh as it is before the run. */
export async function recordGateways(kube: KubeClient): Promise<Readonly<Record<string, RecordedGateway>>> {
  const found = await detectGateways(kube);
  const records = await Promise.all(
    found.map(async ({ deployment, kind, declared, revision = null }): Promise<[string, RecordedGateway] | null> => {
      const object = await kube.get(deploymentResource({ deployment }));
      if (object === null) return null;
      const owner = declared === undefined ? {} : { declared: { name: declared, revision } };
      return [deployment, { kind, ...owner, front: await readFront(kube, object, kind) }];
    }),
  );
  return Object.fromEntries(records.filter((entry) => entry !== null));
}

/** The label `istio.io/rev` of an object; null where it has none. */
export function askedRevision({ metadata }: KubeObject): string | null {
  return metadata.labels?.[REVISION_LABEL] ?? null;
}

/** What is no longer as before in front of a gateway; nothing where its owner has taken it away meanwhile. */
async function lostOf(kube: KubeClient, before: Snapshot, deployment: string): Promise<string[]> {
  const recorded = before.gateways?.[deployment];
  const object = await kube.get(deploymentResource({ deployment }));
  if (recorded === undefined || object === null) return [];
  return lostFromFront(recorded.front, await readFront(kube, object, recorded.kind));
}

/**
 * Makes sure that people outside find a gateway where they found it before the run.
 * @throws GatewayChanged with what is different
 */
export async function requireFront(kube: KubeClient, run: RunRef, before: Snapshot, deployment: string): Promise<void> {
  const lost = await lostOf(kube, before, deployment);
  if (lost.length === 0) return;
  const message = `What stands in front of gateway ${deployment} of cluster ${run.cluster} is not as before the run: ${named(lost)}.`;
  throw failure('GatewayChanged', message);
}

/** The same for all gateways of the run, as a line of its proof; none where it has no gateways. @throws GatewayChanged */
export async function proveGateways(kube: KubeClient, run: RunRef, before: Snapshot): Promise<ProofLine[]> {
  const deployments = Object.keys(before.gateways ?? {});
  if (deployments.length === 0) return [];
  for (const deployment of deployments) await requireFront(kube, run, before, deployment);
  const facts = Object.values(before.gateways ?? {}).flatMap(({ front }) => Object.keys(front));
  const detail = `${deployments.length} gateways: ${facts.length} addresses, policies, limits and budgets as before`;
  return [{ name: 'gateways are where they were', ok: true, detail }];
}

/** Gateways whose label `istio.io/rev` is not what their owner wrote, as parts of a sentence. */
export async function relabelledGateways(kube: KubeClient, before: Snapshot): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(before.gateways ?? {}).map(async ([deployment, { declared }]) => {
      if (declared === undefined) return null;
      const { namespace } = placeOf({ deployment });
      const now = await kube.get(declaredResource(namespace, declared.name));
      if (now === null || askedRevision(now) === declared.revision) return null;
      return `Gateway ${namespace}/${declared.name} asks for ${askedRevision(now) ?? 'nothing'} and not for ${declared.revision ?? 'nothing'}`;
    }),
  );
  return found.filter((entry) => entry !== null);
}
