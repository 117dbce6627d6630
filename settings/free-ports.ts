import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Below the ports that systems give to outgoing connections (Linux from 32768, others from 49152): one of those may be taken
 * between the look and the use, and is hard to get back for a server that is started again.
 */
const LOWEST = 20_000;
const HIGHEST = 32_767;
const MOST_TRIES = 1_000;

/**
 * Free ports on loopback, all different.
 * @throws Error when none can be found
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  try {
    for (let tries = 0; held.size < count; tries++) {
      if (tries === MOST_TRIES) throw new Error('no port of this machine is free');
      const port = randomInt(LOWEST, HIGHEST + 1);
      const server = held.has(port) ? null : await listen(port);
      if (server !== null) held.set(port, server);
    }
    return [...held.keys()];
  } finally {
    await Promise.all([...held.values()].map(close));
  }
}

/** Whether a port of loopback can be listened on at the moment. */
export async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === null) return false;
  await close(server);
  return true;
}

/** @returns null when the port is taken */
function listen(port: number): Promise<Server | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
