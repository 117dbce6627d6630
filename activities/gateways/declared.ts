import { placeOf } from '../../domain/gateways.js';
import { REVISION_LABEL } from '../../domain/names.js';
import type { RecordedGateway } from '../../domain/snapshot.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { askedRevision, declaredResource } from './gateways.js';

/** A Gateway of the Gateway API that the snapshot knows. */
export interface Declared {
  readonly namespace: string;
  readonly name: string;
  /** Its label `istio.io/rev` before the run; null where it had none. */
  readonly revision: string | null;
}

/** The Gateway that a recorded gateway is run for; null for gateways of other kinds. */
export function declaredOf(deployment: string, { declared }: RecordedGateway): Declared | null {
  return declared === undefined ? null : { ...declared, namespace: placeOf({ deployment }).namespace };
}

/**
 * Has a Gateway ask for a revision by its own label, whatever its namespace or a tag says; null gives it no label. The istiod of
 * that revision then rolls its Deployment out. One that its owner has deleted is left alone.
 * @returns whether the label was not there yet
 */
export async function askForRevision(
  context: ActivityContext,
  run: RunRef,
  { namespace, name }: Declared,
  revision: string | null,
): Promise<boolean> {
  const { kube } = context.access(run.cluster);
  const resource = declaredResource(namespace, name);
  const label = revision === null ? `${REVISION_LABEL}-` : `${REVISION_LABEL}=${revision}`;
  const argv = ['kubectl', 'label', 'gateways.gateway.networking.k8s.io', name, '-n', namespace, label, '--overwrite'];
  const intent = { id: `gateway/${namespace}/${name}/${revision ?? 'as-before'}`, argv, mutating: true };
  const current = await kube.get(resource);
  if (current === null || askedRevision(current) === revision) return false;
  await recordOperation(context.journal, run, intent, async () => {
    await kube.mergePatch(resource, { metadata: { labels: { [REVISION_LABEL]: revision } } });
    return { outcome: 'succeeded', value: undefined };
  });
  return true;
}
