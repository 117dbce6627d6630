/**
 * The observer, a process of its own: it watches pods, Deployments and namespaces by plain HTTP, and nobody's word counts
 * for it but the API server's. Arguments: a kubeconfig, the new revision, the tag of the new proxy.
 */
import { connectRaw } from './raw-http.js';
import type { Happening, Observation, ObserverNews } from './observation.js';
import { BENCH_LABEL } from './size.js';
import { createTally, type SeenPod } from './tally.js';

interface Seen {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly generation?: number;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly replicas?: number; readonly containers?: readonly { name: string; image: string }[] };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const [kubeconfig = '', revision = '', proxyTag = ''] = process.argv.slice(2);
const http = await connectRaw(kubeconfig, 'bench-observer', 1);
const selector = `labelSelector=${encodeURIComponent(BENCH_LABEL)}`;
const say = (news: ObserverNews) => void process.send?.(news);

const generations = new Map<string, number>();
const changes = new Map<string, number>();
const labels: Happening[] = [];
const restarts: Happening[] = [];
const samples: [number, number, number, number][] = [];
let gaps = 0;
let startedAt: number | null = null;
let doneAt: number | null = null;

const nameOf = ({ metadata }: Seen) => `${metadata.namespace ?? ''}/${metadata.name}`;

function podOf(type: string, { metadata, spec = {}, status = {} }: Seen): SeenPod {
  const { uid, namespace = '', deletionTimestamp } = metadata;
  const { containers = [] } = spec;
  const { conditions = [], phase = '' } = status;
  const isOver = ['Succeeded', 'Failed'].includes(phase);
  return {
    uid,
    workload: `${namespace}/${String(metadata.labels?.['app'])}`,
    ready: conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    isNew: containers.some(({ name, image }) => name === 'istio-proxy' && image.endsWith(`:${proxyTag}`)),
    gone: type === 'DELETED' || deletionTimestamp !== undefined || isOver,
  };
}

async function list(path: string): Promise<{ items: Seen[]; version: string }> {
  const { body } = await http.send('GET', `${path}?${selector}`);
  const answer = JSON.parse(body) as { items: Seen[]; metadata: { resourceVersion: string } };
  return { items: answer.items, version: answer.metadata.resourceVersion };
}

type Take = (type: string, seen: Seen) => void;
/** Told, after a gap, which objects are still there. */
type Keep = (uids: ReadonlySet<string>) => void;

/** The server does not know any more what came after the last event. */
class Expired extends Error {}

/** Follows one kind. A watch that ends, or whose connection breaks, goes on from where it was; where that is too long ago, all is read anew. */
async function follow(path: string, version: string, take: Take, keep?: Keep): Promise<never> {
  for (let last = version; ;) {
    try {
      for await (const seen of events(path, last, take)) last = seen;
    } catch (error) {
      console.error(`the watch of ${path} is opened again: ${(error as Error).message}`);
      if (error instanceof Expired) last = await readAnew(path, take, keep);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What went on meanwhile nobody knows: the observation says how often that was. */
async function readAnew(path: string, take: Take, keep?: Keep): Promise<string> {
  const { items, version } = await list(path);
  gaps += 1;
  keep?.(new Set(items.map(({ metadata }) => metadata.uid)));
  for (const seen of items) take('MODIFIED', seen);
  return version;
}

/** One watch; gives the version of each event that was taken. */
async function* events(path: string, from: string, take: Take): AsyncGenerator<string> {
  const query = `${selector}&watch=true&allowWatchBookmarks=true&timeoutSeconds=3600&resourceVersion=${from}`;
  for await (const line of http.lines(`${path}?${query}`)) {
    const { type, object } = JSON.parse(line) as { type: string; object: Seen };
    if (type === 'ERROR') throw new Expired(line.slice(0, 300));
    if (type !== 'BOOKMARK') take(type, object);
    yield object.metadata.resourceVersion;
  }
}

/** Without the whole truth there is no figure. */
function broken(error: unknown): never {
  console.error(error);
  process.exit(1);
}

const deployments = await list('/apis/apps/v1/deployments');
for (const seen of deployments.items) generations.set(nameOf(seen), seen.metadata.generation ?? 0);
const tally = createTally(new Map(deployments.items.map((seen) => [nameOf(seen), seen.spec?.replicas ?? 0])));
const pods = await list('/api/v1/pods');
for (const pod of pods.items) tally.take(podOf('ADDED', pod));
tally.restart();
const namespaces = await list('/api/v1/namespaces');
const wantedPods = deployments.items.reduce((sum, seen) => sum + (seen.spec?.replicas ?? 0), 0);

function takeNamespace(_type: string, { metadata }: Seen): void {
  if (metadata.labels?.['istio.io/rev'] !== revision) return;
  if (labels.some(([, name]) => name === metadata.name)) return;
  const at = Date.now();
  labels.push([at, metadata.name]);
  say({ type: 'label', at });
  if (startedAt !== null) return;
  startedAt = at;
  tally.restart();
  say({ type: 'started', at });
}

function takeDeployment(_type: string, seen: Seen): void {
  const name = nameOf(seen);
  const generation = seen.metadata.generation ?? 0;
  const before = generations.get(name) ?? generation;
  generations.set(name, generation);
  for (let change = before; change < generation; change++) {
    const at = Date.now();
    restarts.push([at, name]);
    say({ type: 'restart', at });
    changes.set(name, (changes.get(name) ?? 0) + 1);
  }
}

function takePod(type: string, seen: Seen): void {
  tally.take(podOf(type, seen));
  if (doneAt !== null || startedAt === null || !tally.isDone()) return;
  doneAt = Date.now();
  say({ type: 'done', at: doneAt });
}

function sample(): void {
  const counts = tally.counts();
  if (startedAt !== null && doneAt === null) {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    samples.push([seconds, counts.newReady, counts.unavailable, counts.extra]);
  }
  say({ type: 'progress', counts });
}

/** More pods than the workload has were made for it, or its specification changed more than once. */
function doubleRestarts(): string[] {
  const wanted = new Map(deployments.items.map((seen) => [nameOf(seen), seen.spec?.replicas ?? 0]));
  const twice = [...changes].filter(([, count]) => count > 1).map(([name]) => name);
  const surplus = [...tally.created()].filter(([name, count]) => count > (wanted.get(name) ?? 0));
  return [...new Set([...twice, ...surplus.map(([name]) => name)])].sort();
}

function report(): Observation {
  const { unavailable, extra } = tally.peak();
  return {
    startedAt,
    doneAt,
    wantedPods,
    atEnd: tally.counts(),
    peakUnavailable: unavailable,
    peakExtra: extra,
    labels,
    restarts,
    podsCreated: [...tally.created().values()].reduce((sum, count) => sum + count, 0),
    doubleRestarts: doubleRestarts(),
    samples,
    gaps,
  };
}

follow('/api/v1/namespaces', namespaces.version, takeNamespace).catch(broken);
follow('/apis/apps/v1/deployments', deployments.version, takeDeployment).catch(broken);
follow('/api/v1/pods', pods.version, takePod, tally.keep).catch(broken);
setInterval(sample, 1_000);
process.on('message', () => {
  process.send?.({ type: 'report', observation: report() } satisfies ObserverNews, () => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
say({ type: 'ready', counts: tally.counts() });
