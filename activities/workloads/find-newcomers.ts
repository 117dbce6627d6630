import { ISTIO_NAMESPACE } from '../../domain/names.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import { NAMESPACES } from '../kube/resources.js';
import type { KubeObject } from '../kube/types.js';
import { PROBE_LABEL } from '../mesh/probe-namespace.js';
import { keepNewcomer } from '../rollback/newcomers-file.js';
import { readSnapshotAsTaken } from '../rollback/snapshot-file.js';
import { askingForOld } from './asking-namespaces.js';

/**
 * Namespaces that ask for the old control plane now and did not when the run took its snapshot. What they say is written
 * down before anybody moves them: that is what a rollback gives them back. One that asked then and is in no wave was left
 * out on purpose.
 */
export function createFindNewcomers(context: ActivityContext): Activities['findNewcomers'] {
  return ({ run, route, known, excluded }) =>
    heartbeating(async () => {
      const { kube } = context.access(run.cluster);
      const before = await readSnapshotAsTaken(context.dataDir, run);
      const asks = await askingForOld(kube, route);
      const { items } = await kube.list(NAMESPACES);
      const left = new Set([...known, ...excluded, ISTIO_NAMESPACE]);
      const newcomers = items
        .filter((namespace) => isThere(namespace) && !left.has(namespace.metadata.name))
        .filter(({ metadata }) => asks(metadata.labels ?? {}) && !asks(before.namespaces[metadata.name] ?? {}))
        .map(({ metadata }) => metadata);
      for (const { name, labels = {} } of newcomers) keepNewcomer(context.dataDir, run, name, labels);
      return { namespaces: newcomers.map(({ name }) => name).sort() };
    });
}

function isThere({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined && metadata.labels?.[PROBE_LABEL] === undefined;
}
