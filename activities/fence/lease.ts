import { ISTIO_NAMESPACE } from '../../domain/names.js';
import { FENCE_LEASE } from '../../domain/fence.js';
import type { RunRef } from '../contract.js';
import type { KubeObject, Resource } from '../kube/types.js';

/** Every Lease of the mesh's namespace, and the one that says which run may change the mesh. */
export const LEASES: Resource = { api: 'coordination.k8s.io/v1', plural: 'leases', namespace: ISTIO_NAMESPACE };
export const FENCE: Resource = { ...LEASES, name: FENCE_LEASE };

/** Who holds the mesh. */
export interface Holder {
  /** Id of the Meshlift server; for people. */
  readonly server: string;
  /** Id of the run. Temporal's run ids are UUIDs, so that no two Temporals have the same. */
  readonly runId: string;
  readonly cluster: string;
  readonly since: string;
  /** Last sign of life, by the clock of the holder. Nothing is decided by it. */
  readonly renewed: string;
}

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
  readonly leaseTransitions?: number | null;
}

/** Annotation that says under which name the holder's Meshlift knows this cluster. */
const CLUSTER_ANNOTATION = 'meshlift.dev/cluster';

/** Who holds a lease; null when it was given back by hand. */
export function holderOf(lease: KubeObject): Holder | null {
  const { holderIdentity, acquireTime, renewTime } = specOf(lease);
  if (holderIdentity == null || holderIdentity === '') return null;
  const cut = holderIdentity.lastIndexOf('/');
  return {
    server: holderIdentity.slice(0, Math.max(cut, 0)),
    runId: holderIdentity.slice(cut + 1),
    cluster: lease.metadata.annotations?.[CLUSTER_ANNOTATION] ?? 'unknown',
    since: acquireTime ?? 'an unknown time',
    renewed: renewTime ?? 'an unknown time',
  };
}

/** The lease of a run that takes the mesh now. */
export function leaseFor(run: RunRef, server: string, at: Date): KubeObject {
  return {
    apiVersion: LEASES.api,
    kind: 'Lease',
    metadata: { name: FENCE_LEASE, ...metadataFor(run) },
    spec: specFor(run, server, at),
  };
}

/** A lease that nobody holds, taken by a run. */
export function takenBy(lease: KubeObject, run: RunRef, { server, at }: { server: string; at: Date }): KubeObject {
  const { leaseTransitions } = specOf(lease);
  return {
    ...lease,
    metadata: { ...lease.metadata, annotations: { ...lease.metadata.annotations, ...metadataFor(run).annotations } },
    spec: { ...specFor(run, server, at), leaseTransitions: (leaseTransitions ?? 0) + 1 },
  };
}

/** The same lease with a fresh sign of life. */
export function renewedAt(lease: KubeObject, at: Date): KubeObject {
  return { ...lease, spec: { ...specOf(lease), renewTime: microTime(at) } };
}

function metadataFor(run: RunRef) {
  return { annotations: { [CLUSTER_ANNOTATION]: run.cluster, 'meshlift.dev/release': run.release } };
}

function specFor(run: RunRef, server: string, at: Date): LeaseSpec {
  const now = microTime(at);
  return { holderIdentity: `${server}/${run.runId}`, acquireTime: now, renewTime: now };
}

function specOf(lease: KubeObject): LeaseSpec {
  return lease['spec'] ?? {};
}

/** Kubernetes' MicroTime has exactly six digits after the second. */
function microTime(at: Date): string {
  return at.toISOString().replace('Z', '000Z');
}
