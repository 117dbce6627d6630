import type { Logger } from 'pino';
import type { UpgradeRequest } from '../domain/plan.js';
import type { Release } from '../domain/release.js';
import type { Catalogue } from '../settings/catalogue.js';
import type { RegisteredCluster, Settings } from '../settings/settings.js';
import type { FencedJournal } from './audit/operation.js';
import type { RunJournalStore } from './audit/run-journal.js';
import { failure } from './failure.js';
import { createFence } from './fence/fence.js';
import { guardWrites } from './fence/guard-writes.js';
import { readServerId } from './fence/server-id.js';
import { createKubeClient } from './kube/connect.js';
import { createStorePool, type StorePool } from './kube/shared-stores.js';
import type { KubeClient } from './kube/types.js';

/** What the activities are given by the worker. */
export interface ActivityDeps {
  readonly settings: Settings;
  readonly catalogue: Catalogue;
  readonly journal: RunJournalStore;
  readonly cacheDir: string;
  readonly dataDir: string;
  readonly logger: Logger;
}

/** A registered cluster, and the ways to it. */
export interface ClusterAccess {
  readonly cluster: RegisteredCluster;
  readonly kube: KubeClient;
  /** Watches that the activities of one worker share. */
  readonly stores: StorePool;
  /** How often the API server has answered that it is asked too much (429), since the worker began. */
  readonly throttled: () => number;
}

/** {@link ActivityDeps}, with a way to clusters and releases by their names. */
export interface ActivityContext extends ActivityDeps {
  readonly journal: RunJournalStore & FencedJournal;
  readonly access: (cluster: string) => ClusterAccess;
  readonly release: (version: string) => Release;
  readonly overlayFiles: (names: UpgradeRequest['options']['overlays']) => string[];
}

/** Connections are made once per cluster and worker, at first use. */
export function createContext(deps: ActivityDeps): ActivityContext {
  const known = new Map<string, ClusterAccess & { readonly unguarded: KubeClient }>();
  const find = (id: string) => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const cluster = deps.settings.clusters.find((candidate) => candidate.id === id);
    if (cluster === undefined) throw failure('UnknownCluster', `No cluster "${id}" is registered on this worker.`);
    let throttled = 0;
    const unguarded = createKubeClient(cluster, { onThrottled: () => (throttled += 1) });
    const kube = guardWrites(unguarded, id);
    const access = { cluster, kube, unguarded, stores: createStorePool(kube), throttled: () => throttled };
    known.set(id, access);
    return access;
  };
  const serverId = () => readServerId(deps.dataDir);
  const fence = createFence({ kube: (cluster) => find(cluster).unguarded, serverId });
  return {
    ...deps,
    journal: { ...deps.journal, fence },
    access: find,
    release(version) {
      const release = deps.catalogue.find(version);
      if (release === null) throw failure('UnknownRelease', `The catalogue has no release "${version}".`);
      return release;
    },
    overlayFiles(names) {
      return names.map((name) => {
        const file = deps.settings.overlays[name];
        if (file === undefined) throw failure('UnknownOverlay', `No overlay "${name}" is registered on this worker.`);
        return file;
      });
    },
  };
}
