import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAdmin } from './admin-client.js';

const READY_WITHIN_MS = 60_000;

/** Tries until it works. @throws Error that names what did not come and points at the logs */
export async function eventually<T>(what: string, dir: string, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) {
        const cause = (error as Error).message;
        throw new Error(`${what} did not come up within a minute; the logs are in ${dir}: ${cause}`, { cause: error });
      }
      await delay(50);
    }
  }
}

/** Waits until the API server says that it is ready. @throws Error when it is not within a minute */
export async function untilReady(adminKubeconfig: string): Promise<void> {
  const admin = await connectAdmin(adminKubeconfig);
  await eventually('the API server', join(adminKubeconfig, '..'), () => admin.send('GET', '/readyz'));
}
