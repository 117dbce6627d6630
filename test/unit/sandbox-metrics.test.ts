import { describe, expect, it } from 'vitest';
import type { ClusterObject } from '../../sandbox/cluster/admin-client.js';
import { mannerOf } from '../../sandbox/metrics/conduct.js';
import { createPopulation } from '../../sandbox/metrics/population.js';
import { createTraffic } from '../../sandbox/metrics/traffic.js';

interface Likeness {
  readonly revision?: string;
  readonly asked?: string;
  readonly ready?: boolean;
  readonly app?: string;
  readonly native?: boolean;
}

function pod(uid: string, likeness: Likeness = {}): ClusterObject {
  const { ready = true, app = 'cart', native = false } = likeness;
  const proxy = app === 'istiod' ? [] : [{ name: 'istio-proxy' }];
  const metadata = { name: uid, uid, namespace: app === 'istiod' ? 'istio-system' : 'shop', ...marksOf(likeness) };
  return {
    metadata,
    spec: native ? { initContainers: proxy } : { containers: proxy },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

function marksOf({ revision, asked, app = 'cart' }: Likeness) {
  return {
    labels: { app, ...(asked && { 'istio.io/rev': asked }) },
    ...(revision && { annotations: { 'istio.io/rev': revision } }),
  };
}

/** Value of the series of a name whose labels hold all of some texts; null where there is none. */
function valueOf(text: string, name: string, ...labels: string[]): number | null {
  const line = text
    .split('\n')
    .find((each) => each.startsWith(`${name}{`) && labels.every((label) => each.includes(label)));
  return line === undefined ? null : Number(line.split(' ').at(-1));
}

function mesh(...pods: ClusterObject[]) {
  const population = createPopulation();
  for (const each of pods) population.apply('ADDED', each);
  return { population, traffic: createTraffic(population) };
}

describe('the stand-in for traffic', () => {
  const REQUESTS = 'istio_requests_total';

  it('moves with the pods from one revision to the other', () => {
    const { population, traffic } = mesh(pod('a', { asked: 'old' }), pod('b', { asked: 'old' }));
    traffic.render(100);
    expect(valueOf(traffic.render(110), REQUESTS, 'istio_io_rev="old"', 'response_code="200"')).toBeCloseTo(99.8);
    population.apply('ADDED', pod('c', { asked: 'new' }));
    population.apply('DELETED', pod('a', { asked: 'old' }));
    const both = traffic.render(120);
    expect(valueOf(both, REQUESTS, 'istio_io_rev="old"', 'response_code="200"')).toBeCloseTo(149.7);
    expect(valueOf(both, REQUESTS, 'istio_io_rev="new"', 'response_code="503"')).toBeCloseTo(0.1);
    population.apply('MODIFIED', pod('b', { asked: 'old', ready: false }));
    expect(valueOf(traffic.render(130), REQUESTS, 'istio_io_rev="old"')).toBeNull();
  });

  it('knows a revision by what was injected, and not by the tag that was asked for', () => {
    const { traffic } = mesh(pod('a', { revision: '1-31-0', asked: 'stable', native: true }), pod('b'));
    const text = traffic.render(100);
    expect(valueOf(text, REQUESTS, 'istio_io_rev="1-31-0"')).toBe(0);
    expect(text).not.toContain('stable');
    expect(text.split('\n').some((line) => line.startsWith(REQUESTS) && !line.includes('istio_io_rev'))).toBe(true);
  });

  it('takes orders by the name of a revision, and by its age', () => {
    const istiods = [pod('x', { app: 'istiod', asked: 'default' }), pod('y', { app: 'istiod', asked: 'fresh' })];
    const { traffic } = mesh(...istiods, pod('a', { asked: 'default' }), pod('b', { asked: 'fresh' }));
    traffic.order({ revision: 'new', make: 'bad', periodSeconds: 5 });
    traffic.render(100);
    const bad = traffic.render(110);
    expect(valueOf(bad, REQUESTS, 'istio_io_rev="fresh"', 'response_code="503"')).toBeCloseTo(15);
    expect(valueOf(bad, REQUESTS, 'istio_io_rev="default"', 'response_code="503"')).toBeCloseTo(0.1);
    expect(valueOf(bad, 'pilot_xds', 'istio_io_rev="fresh"')).toBe(1);
    traffic.order({ revision: 'fresh', make: 'silent', periodSeconds: 5 });
    expect(valueOf(traffic.render(120), REQUESTS, 'istio_io_rev="fresh"')).toBeNull();
  });

  it('flaps by the clock', () => {
    const at = (now: number) => mannerOf({ make: 'flapping', periodSeconds: 5 }, now)?.failing;
    expect([at(0), at(4.9), at(5), at(10)]).toEqual([0.002, 0.002, 0.3, 0.002]);
    expect(mannerOf({ make: 'silent', periodSeconds: 5 }, 0)).toBeNull();
  });
});
