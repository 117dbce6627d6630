import { isBlocking } from '../../../domain/checks/verdicts.js';
import type { Plan } from '../../../domain/plan.js';
import { eventually } from '../../e2e/support/eventually.js';
import type { Mesh } from '../../e2e/support/mesh.js';

export const OLD = '1.6.13';
export const NEW = '1.6.14-asm.2';

const SHOP = ['catalog', 'cart', 'checkout', 'orders', 'payments', 'accounts', 'edge'];

/** Begins to delete the seeded shop, where a test brings its own workloads. @returns waits until it is gone */
export async function closeShop(mesh: Mesh): Promise<() => Promise<void>> {
  await mesh.facts.run('delete', 'namespace', '--wait=false', ...SHOP);
  return () =>
    eventually('the shop to be gone', async () => {
      const names = (await mesh.facts.list('namespaces')).map(({ metadata }) => metadata.name);
      return !SHOP.some((name) => names.includes(name));
    });
}

/**
 * Starts a run that waives whatever its plan would stop it for: what happens then is the question.
 * @param besides checks that stop no run, and are waived all the same
 */
export async function startWaived(
  mesh: Mesh,
  options: Record<string, unknown>,
  besides: readonly string[] = [],
): Promise<string> {
  const request = { cluster: mesh.cluster, release: NEW, options };
  const { body } = await mesh.api.request<Plan>('POST', '/v1/plans', request);
  const checks = [...new Set([...body.findings.filter(isBlocking).map(({ check }) => check), ...besides])];
  const waivers = checks.map((check) => ({ check, reason: 'a rehearsal' }));
  return mesh.api.start(mesh.cluster, { ...options, waivers });
}

/** Gives a namespace to a revision, as a run does. */
export function relabel({ facts }: Mesh, place: string, revision: string): Promise<string> {
  return facts.run('label', 'namespace', place, 'istio-injection-', `istio.io/rev=${revision}`, '--overwrite');
}

/** How often the specification of each workload has changed, by `Kind namespace/name`; those of other controllers left out. */
export async function generationsOf({ facts }: Mesh, kinds: string): Promise<Record<string, number>> {
  const objects = await facts.list(kinds, '-A');
  // The ReplicaSets of Deployments are scaled by their controller.
  const own = objects.filter(({ metadata }) => metadata.labels?.['pod-template-hash'] === undefined);
  const rows = own.map(({ kind, metadata }) => [
    `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
    metadata.generation ?? 0,
  ]);
  return Object.fromEntries(rows) as Record<string, number>;
}

/** Manifests as one. */
export function listOf(items: readonly object[]): object {
  return { apiVersion: 'v1', kind: 'List', items };
}

export function nameOf(manifest: object): string {
  return (manifest as { metadata: { name: string } }).metadata.name;
}

export function placeOf(manifest: object): string {
  return (manifest as { metadata: { namespace: string } }).metadata.namespace;
}
