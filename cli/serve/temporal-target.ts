import { Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { replacePrivateFile } from '../../settings/private-file.js';

/** Where Temporal is, for this process and for the worker. */
export interface TemporalTarget {
  readonly connection: ConnectionOptions;
  readonly namespace: string;
  /** The same for a child process, as environment. */
  readonly env: NodeJS.ProcessEnv;
}

/** The namespace that a development server always has. */
export const DEFAULT_NAMESPACE = 'default';
const PROBE_DEADLINE_MS = 2_000;

/**
 * A server of one's own on loopback: nothing of the environment that is meant for another server may reach it.
 * @param profile Temporal configuration file to write; a person's own may ask for TLS or hold an API key
 */
export function embeddedTarget(port: number, env: NodeJS.ProcessEnv, profile: string): TemporalTarget {
  const address = `127.0.0.1:${port}`;
  const others = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  replacePrivateFile(profile, `[profile.default]\naddress = "${address}"\nnamespace = "${DEFAULT_NAMESPACE}"\n`);
  return {
    connection: { address },
    namespace: DEFAULT_NAMESPACE,
    env: {
      ...Object.fromEntries(others),
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: DEFAULT_NAMESPACE,
      TEMPORAL_CONFIG_FILE: profile,
    },
  };
}

/** The server that the `TEMPORAL_*` variables and the Temporal configuration file describe. */
export function externalTarget(env: NodeJS.ProcessEnv): TemporalTarget {
  const variables = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(variables) });
  return { connection: connectionOptions, namespace: namespace ?? DEFAULT_NAMESPACE, env };
}

/** A connection that comes up by itself, also after Temporal was away for a while. */
export function connectLazily({ connection }: Pick<TemporalTarget, 'connection'>): Connection {
  return Connection.lazy({
    ...connection,
    // The default waits up to two minutes between tries: a restarted server should be found within a second.
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 },
  });
}

/** Asks for the namespace, as a worker does when it starts. @throws when Temporal does not answer in time */
export async function probeTemporal(connection: Connection, namespace: string): Promise<void> {
  await connection.withDeadline(Date.now() + PROBE_DEADLINE_MS, () =>
    connection.workflowService.describeNamespace({ namespace }),
  );
}
