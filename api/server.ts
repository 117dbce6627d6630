import { createApp } from './app.js';
import type { AppDeps } from './deps.js';
import { isLoopbackHost } from './loopback.js';

/** Where to listen. */
export interface ApiServerOptions {
  readonly deps: AppDeps;
  /** Address to listen on. Anything but loopback is reachable from other machines. @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** A listening API. */
export interface ApiServer {
  /** Base URL, without a trailing slash. */
  readonly url: string;
  /** Ends event streams, answers what is under way, and closes. */
  close(): Promise<void>;
}

/**
 * Starts the API.
 * @throws the error of the operating system when the address is taken
 */
export async function startApi({ deps, host = '127.0.0.1', port }: ApiServerOptions): Promise<ApiServer> {
  const app = await createApp(deps, { loopbackOnly: isLoopbackHost(host) });
  const url = await app.listen({ host, port });
  return { url, close: async () => app.close() };
}
