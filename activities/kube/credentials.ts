import { KubeConfig } from '@kubernetes/client-node';
import { statSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent, type RequestOptions } from 'node:https';
import type { RegisteredCluster } from '../../settings/settings.js';
import { unreachable } from './failures.js';
import type { Target } from './transport.js';

/**
 * Where requests of a cluster go, asked before each one: tokens expire, and files are replaced.
 * `watching` requests last for minutes and must not take the connections of the others.
 */
export type Credentials = (purpose: 'asking' | 'watching') => Promise<Target>;

interface Loaded {
  readonly config: KubeConfig;
  readonly server: URL;
  readonly proxied: boolean;
  readonly changedAt: number;
}

/** Idle connections are probed, so that one that a firewall forgot is noticed. */
const KEEP_ALIVE = { keepAlive: true, keepAliveMsecs: 30_000 } as const;
const MAX_SOCKETS = 32;

/** Credentials from the registered kubeconfig. The file is read again when it changes: no restart is needed after a rotation. */
export function kubeconfigCredentials(cluster: RegisteredCluster): Credentials {
  const agents = {
    asking: { http: new HttpAgent({ ...KEEP_ALIVE, maxSockets: MAX_SOCKETS }), https: createAgent(MAX_SOCKETS) },
    watching: { http: new HttpAgent(KEEP_ALIVE), https: createAgent(Infinity) },
  } as const;
  let loaded: Loaded | null = null;
  return async (purpose) => {
    try {
      const changedAt = statSync(cluster.kubeconfig).mtimeMs;
      if (loaded?.changedAt !== changedAt) loaded = load(cluster, changedAt);
      const { config, server, proxied } = loaded;
      const options: RequestOptions = { headers: {} };
      await config.applyToHTTPSOptions(options);
      const secure = server.protocol === 'https:';
      // The library's agent opens a connection per request; only its proxy agents are needed.
      const agent = proxied ? options.agent : agents[purpose][secure ? 'https' : 'http'];
      const address = { hostname: server.hostname.replace(/^\[|\]$/g, ''), port: server.port || (secure ? 443 : 80) };
      return {
        secure,
        basePath: server.pathname.replace(/\/$/, ''),
        options: { ...options, ...address, ...(agent === undefined ? {} : { agent }) },
      };
    } catch (error) {
      throw unreachable(cluster.id, `the kubeconfig ${cluster.kubeconfig} cannot be used: ${(error as Error).message}`);
    }
  };
}

function createAgent(maxSockets: number): Agent {
  return new Agent({ ...KEEP_ALIVE, maxSockets });
}

function load(cluster: RegisteredCluster, changedAt: number): Loaded {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  if (cluster.context !== undefined) config.setCurrentContext(cluster.context);
  const context = config.getCurrentContext();
  const entry = config.getCurrentCluster();
  if (entry === null) throw new Error(`its context "${context}" names no cluster`);
  if (config.getCurrentUser() === null) throw new Error(`its context "${context}" names no user`);
  return { config, server: new URL(entry.server), proxied: entry.proxyUrl !== undefined, changedAt };
}
