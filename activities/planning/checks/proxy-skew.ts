import type { NamespaceInjection } from '../../../domain/plan.js';
import { isProxyTooOld } from '../../../domain/revision-gate.js';
import type { Check, Found } from '../check.js';

/** Pods of one proxy version, with the namespaces that they are in. */
interface Group {
  readonly pods: number;
  readonly where: readonly string[];
}

/** Proxies that nobody has restarted for long: the new istiod need not understand them, and the old one goes at the end. */
export const proxySkew: Check = {
  id: 'MESH053',
  look: ({ mesh, release, cluster }) => {
    if (release.driver !== 'istio-revisioned') return [];
    const groups = [...byProxy(mesh.namespaces)];
    return groups.flatMap(([proxy, group]): Found[] => {
      const isTooOld = isProxyTooOld(proxy, release.version);
      if (isTooOld === false) return [];
      const pods = `${group.pods} ${group.pods === 1 ? 'pod' : 'pods'} of cluster ${cluster.id} (${group.where.join(', ')})`;
      return [isTooOld === null ? unread(pods, proxy) : tooOld(pods, proxy, release.version)];
    });
  },
};

function byProxy(namespaces: readonly NamespaceInjection[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const { namespace, podsByProxy } of namespaces) {
    for (const [proxy, pods] of Object.entries(podsByProxy)) {
      if (proxy === 'none' || pods === 0) continue;
      const before = groups.get(proxy) ?? { pods: 0, where: [] };
      groups.set(proxy, { pods: before.pods + pods, where: [...before.where, `${namespace}: ${pods}`] });
    }
  }
  return groups;
}

function tooOld(pods: string, proxy: string, target: string): Found {
  return {
    reason: 'ProxySkew',
    message: `The proxies of ${pods} are ${proxy}, more than two minors behind ${target}.`,
    remedy: 'Restart them on the control plane that runs before the upgrade, so that they get its proxy.',
  };
}

function unread(pods: string, proxy: string): Found {
  return {
    reason: 'ProxySkew',
    message: `The proxies of ${pods} have image tag "${proxy}", which tells no version: how far they are behind is not known.`,
    remedy: 'Find out what runs there; restart the pods if it is no proxy of the control plane that runs.',
  };
}
