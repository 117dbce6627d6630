import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import type { Duplex } from 'node:stream';

/**
 * The cluster's network, as far as the API server needs it: it asks for `podIP:port` by HTTP CONNECT, and gets the local
 * process that stands for that pod. When a pod goes, its routes go, and every connection through them is cut.
 */
export interface PodNetwork {
  /** @param ports port of the pod, and the local port that answers for it */
  addRoutes(podIp: string, ports: ReadonlyMap<number, number>): void;
  removeRoutes(podIp: string): void;
  close(): Promise<void>;
}

/** Listens on a Unix socket: nothing else on this machine can reach the simulated network by accident. */
export async function startPodNetwork(socketPath: string): Promise<PodNetwork> {
  const routes = new Map<string, ReadonlyMap<number, number>>();
  const connections = new Map<string, Set<Duplex>>();
  const server = createServer();

  server.on('connect', (request, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy());
    const [podIp = '', port = ''] = (request.url ?? '').split(':');
    const localPort = routes.get(podIp)?.get(Number(port));
    if (localPort === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const upstream = connect(localPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    keepTogether(client, upstream, connections.get(podIp) ?? new Set());
  });

  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve));
  return {
    addRoutes(podIp, ports) {
      routes.set(podIp, ports);
      if (!connections.has(podIp)) connections.set(podIp, new Set());
    },
    removeRoutes(podIp) {
      routes.delete(podIp);
      for (const socket of connections.get(podIp) ?? []) socket.destroy();
      connections.delete(podIp);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Two ends of one connection: when one goes, the other goes. */
function keepTogether(client: Duplex, upstream: Socket, open: Set<Duplex>): void {
  open.add(client).add(upstream);
  const cut = () => {
    client.destroy();
    upstream.destroy();
    open.delete(client);
    open.delete(upstream);
  };
  for (const socket of [client, upstream]) socket.once('close', cut).on('error', cut);
}
