import type { Mesh } from '../../e2e/support/mesh.js';

/** The tags of all proxies of a mesh, gateways among them, or of one namespace. */
export async function proxies({ facts }: Mesh, namespace?: string): Promise<Set<string>> {
  const rows = await facts.podsByProxy();
  const chosen = namespace === undefined ? Object.values(rows) : [rows[namespace] ?? {}];
  return new Set(chosen.flatMap((row) => Object.keys(row).filter((tag) => tag !== 'none')));
}
