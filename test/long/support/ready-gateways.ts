import { setTimeout as delay } from 'node:timers/promises';
import type { MeshFacts } from '../../e2e/support/mesh-facts.js';

interface Endpoints {
  readonly subsets?: readonly { readonly addresses?: readonly unknown[] }[];
}

const LOOK_AGAIN_MS = 250;

/**
 * Looks at the ready addresses behind Services of the names of gateways, again and again until stopped.
 * @returns the fewest that each of them ever had
 */
export function watchReadiness(facts: MeshFacts, gateways: readonly string[]) {
  const fewest: Record<string, number> = {};
  const stopping = new AbortController();
  const look = async (gateway: string): Promise<void> => {
    const [namespace = '', name = ''] = gateway.split('/');
    const text = await facts.run('get', 'endpoints', name, '-n', namespace, '-o', 'json');
    const { subsets = [] } = JSON.parse(text) as Endpoints;
    const ready = subsets.reduce((sum, { addresses = [] }) => sum + addresses.length, 0);
    fewest[gateway] = Math.min(fewest[gateway] ?? ready, ready);
  };
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      await Promise.all(gateways.map(look));
      await delay(LOOK_AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop(): Promise<Record<string, number>> {
      stopping.abort();
      await watching;
      return fewest;
    },
  };
}
