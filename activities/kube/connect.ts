import type { RegisteredCluster } from '../../settings/settings.js';
import { kubeconfigCredentials, type Credentials } from './credentials.js';
import { statusOf, toFailure, type Asked } from './failures.js';
import { leanOf } from './keeping.js';
import { apiPath, describeResource } from './resources.js';
import { sendWithRetries, type Safety } from './retry.js';
import { createTokenBucket, SYSTEM_CLOCK, type Clock, type Rate } from './token-bucket.js';
import { send, type Call } from './transport.js';
import { WATCH_SECONDS, watchOnce } from './watch.js';
import type { KubeClient, KubeObject, Resource, Selection, WriteOptions } from './types.js';

/** How a client behaves; the defaults are right for everything but tests. */
export interface KubeClientOptions {
  /** @default 100 requests per second, 300 at once: what kubectl allows itself; a busy server says 429, and the moves hold back */
  readonly rate?: Rate;
  /** How long a request is tried again. @default 30 seconds */
  readonly budgetMs?: number;
  /** How long a request may be silent. @default 30 seconds */
  readonly silenceMs?: number;
  /** @default those of the registered kubeconfig */
  readonly credentials?: Credentials;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Told of each answer by which the server asks for fewer requests; an eviction that a budget refuses is none. */
  readonly onThrottled?: () => void;
}

const PAGE = 250;
/** Names Meshlift in `metadata.managedFields`. */
const WRITER = 'meshlift';

interface Request {
  readonly doing: string;
  readonly method: Call['method'];
  readonly path: string;
  readonly safety: Safety;
  readonly body?: object;
  readonly contentType?: string;
  /** How long it is tried again. @default that of the client */
  readonly budgetMs?: number;
}

/** A budget that refuses an eviction is not asked again in a hurry. */
const EVICTION_BUDGET_MS = 2_000;

/**
 * The API server of one registered cluster. Make one per cluster and share it: the rate limit and the connections are the client's.
 * Nothing is read or opened before the first request.
 */
export function createKubeClient(cluster: RegisteredCluster, options: KubeClientOptions = {}): KubeClient {
  const credentials = options.credentials ?? kubeconfigCredentials(cluster);
  const clock = options.clock ?? SYSTEM_CLOCK;
  const takeToken = createTokenBucket(options.rate ?? { qps: 100, burst: 300 }, clock);
  const policy = { budgetMs: options.budgetMs ?? 30_000, random: options.random ?? Math.random, clock };
  const silenceMs = options.silenceMs ?? 30_000;
  const asked = (doing: string): Asked => ({ cluster: cluster.id, doing });

  /** Gives the text of a success. @throws the failure that the answer means */
  const ask = async ({ doing, method, path, safety, body, contentType = 'application/json', budgetMs }: Request) => {
    const payload = body === undefined ? {} : { body: { contentType, text: JSON.stringify(body) } };
    const sendOnce = async () => {
      await takeToken();
      const outcome = await send(await credentials('asking'), { method, path, silenceMs, ...payload });
      const isThrottled = outcome.type === 'answer' && outcome.status === 429 && !path.endsWith('/eviction');
      if (isThrottled) options.onThrottled?.();
      return outcome;
    };
    const { outcome, tries } = await sendWithRetries(sendOnce, safety, {
      ...policy,
      budgetMs: budgetMs ?? policy.budgetMs,
    });
    if (outcome.type === 'answer' && outcome.status >= 200 && outcome.status < 300) return outcome.body;
    throw toFailure(asked(doing), outcome, tries);
  };

  const write = async (request: Omit<Request, 'doing'>, verb: string, resource: Resource) =>
    JSON.parse(await ask({ ...request, doing: `${verb} ${describeResource(resource)}` })) as KubeObject;

  /** `policy/v1` from Kubernetes 1.22 on, `policy/v1beta1` before: the server itself says which. */
  let evictionApi: Promise<string> | undefined;
  const findEvictionApi = async () => {
    const text = await ask({ doing: 'reading /api/v1', method: 'GET', path: '/api/v1', safety: 'read' }).catch(
      (error: unknown) => {
        evictionApi = undefined;
        throw error;
      },
    );
    return evictionApiIn(text);
  };

  return {
    async get(resource) {
      const request = { method: 'GET', path: apiPath(resource), safety: 'read' } as const;
      return orElse(null, [404], () => write(request, 'reading', resource));
    },
    async list(resource, selection = {}, slim = leanOf(resource)) {
      const read = (path: string) =>
        ask({ doing: `listing ${describeResource(resource)}`, method: 'GET', path, safety: 'read' });
      return orElse({ items: [], resourceVersion: '' }, [404], () => readPages(resource, { selection, read, slim }));
    },
    async create(resource, body, writeOptions) {
      // The name of a new object stands in its body; the path is the collection's.
      const { name, ...collection } = resource;
      const path = `${apiPath(collection)}${writeQuery(writeOptions)}`;
      const meant = { ...collection, name: name ?? nameIn(body) };
      return write({ method: 'POST', path, safety: 'once', body }, 'creating', meant);
    },
    async mergePatch(resource, body, writeOptions) {
      const path = `${apiPath(resource)}${writeQuery(writeOptions)}`;
      const contentType = 'application/merge-patch+json';
      return write({ method: 'PATCH', path, safety: 'repeatable', body, contentType }, 'patching', resource);
    },
    async replace(resource, body, writeOptions) {
      const path = `${apiPath(resource)}${writeQuery(writeOptions)}`;
      return write({ method: 'PUT', path, safety: 'once', body }, 'replacing', resource);
    },
    async delete(resource, { uid, propagation } = {}) {
      const body = {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        ...(uid === undefined ? {} : { preconditions: { uid } }),
        ...(propagation === undefined ? {} : { propagationPolicy: propagation }),
      };
      const path = apiPath(resource);
      // With a precondition, 409 means that another object has the name by now.
      return orElse(false, uid === undefined ? [404] : [404, 409], async () => {
        await write({ method: 'DELETE', path, safety: 'repeatable', body }, 'deleting', resource);
        return true;
      });
    },
    async evict(pod, uid) {
      evictionApi ??= findEvictionApi();
      const body = {
        apiVersion: await evictionApi,
        kind: 'Eviction',
        metadata: { name: pod.name, namespace: pod.namespace },
        deleteOptions: { preconditions: { uid } },
      };
      const path = `${apiPath(pod)}/eviction`;
      return orElse(false, [404, 409], async () => {
        // With the precondition a second one changes nothing.
        const request = { method: 'POST', path, safety: 'repeatable', body, budgetMs: EVICTION_BUDGET_MS } as const;
        await write(request, 'evicting', pod);
        return true;
      });
    },
    async *watch(resource, from, selection, signal) {
      const path = `${apiPath(resource)}${queryOf({
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(WATCH_SECONDS),
        resourceVersion: from,
        ...selection,
      })}`;
      await takeToken();
      const target = await credentials('watching');
      yield* watchOnce({ target, path, asked: asked(`watching ${describeResource(resource)}`), signal });
    },
    async raw(path) {
      if (!path.startsWith('/')) throw new RangeError(`"${path}" is no path: it must begin with a slash`);
      return ask({ doing: `reading ${path}`, method: 'GET', path, safety: 'read' });
    },
  };
}

type Slim = (object: KubeObject) => KubeObject;

interface Page {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubeObject[] | null;
}

/** Reads a collection in pages, and in one piece when the history that the pages share expires on the way. */
async function readPages(
  resource: Resource,
  { selection, read, slim }: { selection: Selection; read: (path: string) => Promise<string>; slim: Slim },
) {
  const items: KubeObject[] = [];
  let query: Record<string, string> = { ...selection, limit: String(PAGE) };
  for (;;) {
    const path = `${apiPath(resource)}${queryOf(query)}`;
    const page = await orElse(null, [410], async () => JSON.parse(await read(path)) as Page);
    if (page === null) {
      items.length = 0;
      query = { ...selection };
      continue;
    }
    items.push(...(page.items ?? []).map((item) => slim(withKind(item, page))));
    const { continue: next = '', resourceVersion = '' } = page.metadata ?? {};
    if (next === '') return { items, resourceVersion };
    query = { ...selection, limit: String(PAGE), continue: next };
  }
}

/** The version of `Eviction` that the discovery document of the core group names. */
function evictionApiIn(discovery: string): string {
  const { resources = [] } = JSON.parse(discovery) as {
    readonly resources?: readonly { readonly name: string; readonly group?: string; readonly version?: string }[];
  };
  const { group = 'policy', version = 'v1' } = resources.find(({ name }) => name === 'pods/eviction') ?? {};
  return `${group}/${version}`;
}

function nameIn(body: object): string {
  const { metadata } = body as { readonly metadata?: { readonly name?: string; readonly generateName?: string } };
  return metadata?.name ?? metadata?.generateName ?? '(unnamed)';
}

/** Items of a list leave out what the list says once; alone they must say it themselves. */
function withKind(item: KubeObject, { apiVersion, kind }: Page): KubeObject {
  if (apiVersion === undefined || kind === undefined) return item;
  return { apiVersion, kind: kind.replace(/List$/, ''), ...item };
}

/** Gives `fallback` for an answer with one of these statuses. */
async function orElse<T, F>(fallback: F, statuses: readonly number[], work: () => Promise<T>): Promise<T | F> {
  try {
    return await work();
  } catch (error) {
    if (statuses.includes(statusOf(error) ?? 0)) return fallback;
    throw error;
  }
}

function writeQuery({ dryRun = false }: WriteOptions = {}): string {
  return queryOf({ fieldManager: WRITER, ...(dryRun ? { dryRun: 'All' } : {}) });
}

function queryOf(parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(parameters).toString();
  return query === '' ? '' : `?${query}`;
}
