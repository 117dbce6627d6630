import { LATENCY_BOUNDS, mannerOf, type ConductOrder, type Manner } from './conduct.js';
import { createExposition, type Exposition } from './exposition.js';
import type { Population, SidecarPod } from './population.js';

/** What a mesh with traffic would say of itself. */
export interface Traffic {
  /** From now on a revision behaves so. */
  order(order: ConductOrder): void;
  orders(): readonly ConductOrder[];
  /** Everything up to now, in the text format. @param now in seconds */
  render(now: number): string;
}

/** Requests a second that each Ready pod answers. */
const REQUESTS_PER_POD = 5;
const PUSHES_PER_SECOND = 0.5;
const PUSH_BOUNDS = [0.1, 0.5, 1, 3, 5, 10, 20, 30];
const GOOD = { make: 'good', periodSeconds: 5 } as const;

/**
 * Istio's metrics as the pods of a cluster would have them: requests follow the pods, so they move with them from one
 * revision to the other. Series of the pods of one workload and revision are added up.
 */
export function createTraffic(population: Population): Traffic {
  const exposition = createExposition();
  const orders = new Map<string, ConductOrder>();
  let last: number | null = null;

  const conductOf = (revision: string) => {
    const matching = [...orders.values()].filter((order) => population.named(order.revision) === revision);
    return matching.at(-1) ?? GOOD;
  };

  return {
    order(order) {
      // The newest order for a revision counts, by whatever name it is called.
      orders.delete(order.revision);
      orders.set(order.revision, order);
    },
    orders: () => [...orders.values()],
    render(now) {
      const seconds = last === null ? 0 : Math.max(now - last, 0);
      last = now;
      const pods = population.pods();
      const manner = (revision: string) => mannerOf(conductOf(revision), now);
      forgetGone(exposition, pods, (revision) => manner(revision) === null);
      for (const [pod, count] of workloads(pods)) {
        const how = manner(pod.revision);
        if (how !== null) answer(exposition, pod, count * REQUESTS_PER_POD * seconds, how);
      }
      for (const revision of istiods(pods)) tellIstiod(exposition, revision, pods, seconds);
      return exposition.render();
    },
  };
}

/** The series of pods that are no longer there go with them, and so do those of a revision that nobody asks. */
function forgetGone(
  exposition: Exposition,
  pods: readonly SidecarPod[],
  isSilent: (revision: string) => boolean,
): void {
  const there = new Set(
    pods.map(({ kind, namespace, workload, revision }) => [kind, namespace, workload, revision].join('/')),
  );
  const control = new Set(istiods(pods));
  exposition.drop((name, labels) => {
    const revision = String(labels['istio_io_rev'] ?? '');
    if (!name.startsWith('istio_')) return !control.has(revision);
    const key = ['proxy', labels['destination_workload_namespace'], labels['destination_workload'], revision].join('/');
    return isSilent(revision) || !there.has(key);
  });
}

function answer(exposition: Exposition, pod: SidecarPod, requests: number, { failing, within }: Manner): void {
  const { namespace, workload, revision } = pod;
  const labels = {
    reporter: 'destination',
    source_workload: 'visitors',
    source_workload_namespace: 'outside',
    destination_workload: workload,
    destination_workload_namespace: namespace,
    destination_service: `${workload}.${namespace}.svc.cluster.local`,
    destination_service_namespace: namespace,
    destination_canonical_revision: 'latest',
    request_protocol: 'http',
    app: workload,
    istio_io_rev: revision,
  };
  const ended = (code: number, share: number) => {
    exposition.add('istio_requests_total', { ...labels, response_code: code }, requests * share);
    histogram(
      exposition,
      'istio_request_duration_milliseconds',
      { ...labels, response_code: code },
      {
        events: requests * share,
        bounds: LATENCY_BOUNDS,
        within,
      },
    );
  };
  ended(200, 1 - failing);
  ended(503, failing);
}

interface Distribution {
  readonly events: number;
  readonly bounds: readonly number[];
  readonly within: Readonly<Record<number, number>>;
}

function histogram(
  exposition: Exposition,
  name: string,
  labels: Readonly<Record<string, string | number>>,
  { events, bounds, within }: Distribution,
): void {
  let share = 0;
  for (const bound of bounds) {
    share = Math.max(share, within[bound] ?? 0);
    exposition.add(`${name}_bucket`, { ...labels, le: bound }, events * share);
  }
  exposition.add(`${name}_bucket`, { ...labels, le: '+Inf' }, events);
  exposition.add(`${name}_count`, labels, events);
}

function tellIstiod(exposition: Exposition, revision: string, pods: readonly SidecarPod[], seconds: number): void {
  const labels = { app: 'istiod', namespace: 'istio-system', istio_io_rev: revision };
  const proxies = pods.filter((pod) => pod.kind === 'proxy' && pod.revision === revision).length;
  exposition.set('pilot_xds', labels, proxies);
  exposition.set('pilot_info', labels, 1);
  exposition.add('pilot_xds_pushes', { ...labels, type: 'cds' }, PUSHES_PER_SECOND * seconds);
  exposition.add('sidecar_injection_requests_total', labels, 0);
  exposition.add('sidecar_injection_success_total', labels, 0);
  histogram(exposition, 'pilot_proxy_convergence_time', labels, {
    events: PUSHES_PER_SECOND * seconds,
    bounds: PUSH_BOUNDS,
    within: { 0.1: 0.8, 0.5: 1 },
  });
}

/** One pod of each workload, revision and namespace, and how many there are. */
function workloads(pods: readonly SidecarPod[]): [SidecarPod, number][] {
  const counts = new Map<string, [SidecarPod, number]>();
  for (const pod of pods.filter(({ kind }) => kind === 'proxy')) {
    const key = [pod.namespace, pod.workload, pod.revision].join('/');
    counts.set(key, [pod, (counts.get(key)?.[1] ?? 0) + 1]);
  }
  return [...counts.values()];
}

function istiods(pods: readonly SidecarPod[]): string[] {
  return [...new Set(pods.filter(({ kind }) => kind === 'istiod').map(({ revision }) => revision))];
}
