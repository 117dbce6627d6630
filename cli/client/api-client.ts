import { randomUUID } from 'node:crypto';
import type { Operation } from '../../domain/journal.js';
import type { DetectedMesh, Plan, UpgradeRequest } from '../../domain/plan.js';
import type { Release } from '../../domain/release.js';
import type { RunState } from '../../domain/run.js';
import type { WorkloadProgress } from '../../domain/workload.js';
import { readEvents, type ServerEvent } from './event-stream.js';
import { noAnswer, problemOf } from './problem.js';

/** A registered cluster, as the list shows it. */
export interface ClusterSummary {
  readonly id: string;
  readonly role: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A run, as the list shows it. */
export interface RunSummary {
  readonly cluster: string;
  readonly runId: string;
  readonly release: string | null;
  readonly phase: string | null;
  readonly startedAt: string;
}

/** One page of a list; `cursor` leads to the next. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly cursor?: string | null;
}

/** The last part of a command's route. */
export type CommandVerb = 'pause' | 'resume' | 'promote' | 'policy' | 'retry' | 'skip' | 'cancel';

/** Points at one run; `latest` is a valid run id. */
export interface RunPath {
  readonly cluster: string;
  readonly runId: string;
}

/** The HTTP API, typed. Every method throws `ApiProblem` when the server says no or does not answer. */
export interface ApiClient {
  readonly url: string;
  plan(request: UpgradeRequest): Promise<Plan>;
  /** Sends its own idempotency key unless one is given. */
  start(request: UpgradeRequest, key?: string): Promise<RunPath>;
  state(run: RunPath, signal?: AbortSignal): Promise<RunState>;
  workloads(run: RunPath, signal?: AbortSignal): Promise<readonly WorkloadProgress[]>;
  operations(run: RunPath): Promise<readonly Operation[]>;
  list(filter: Readonly<Record<string, string>>): Promise<Page<RunSummary>>;
  command(run: RunPath, verb: CommandVerb, body: Readonly<Record<string, unknown>>): Promise<RunState>;
  /** Sends an open run back, and gives its state; or has a new run take back a succeeded one, and gives where that is. */
  rollBack(run: RunPath, reason: string): Promise<RunState | RunPath>;
  clusters(): Promise<readonly ClusterSummary[]>;
  cluster(id: string): Promise<DetectedMesh>;
  releases(): Promise<readonly Release[]>;
  /** The run's journal as it is written, from the entry after `lastEventId`. Ends when the server closes. */
  events(run: RunPath, options: { lastEventId?: string; signal: AbortSignal }): AsyncIterable<ServerEvent>;
}

/** Where the server is, and who asks. */
export interface ApiClientOptions {
  /** Base URL, without a trailing slash. */
  readonly url: string;
  readonly token: string;
  /** Name of the person, for the record of the run. */
  readonly user?: string;
}

/** Ordinary requests; those that look at the whole cluster take longer. */
const DEADLINE_MS = 20_000;
const CLUSTER_DEADLINE_MS = 75_000;
/** A start may wait until the run before it has closed. */
const START_DEADLINE_MS = 30_000;

interface Call {
  readonly body?: unknown;
  readonly key?: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Builds the client of one server.
 * @param options address, token, and the name that commands are recorded under
 */
export function createApiClient({ url, token, user }: ApiClientOptions): ApiClient {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(user === undefined ? {} : { 'x-meshlift-user': user }),
  };

  async function request<Body>(method: 'GET' | 'POST', path: string, call: Call = {}): Promise<Body> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...headers,
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(call.key === undefined ? {} : { 'idempotency-key': call.key }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      // A redirect would carry the token to somebody else.
      redirect: 'error',
      signal: AbortSignal.any([
        AbortSignal.timeout(call.deadlineMs ?? DEADLINE_MS),
        ...(call.signal ? [call.signal] : []),
      ]),
    })
      .then(async (response) => ({ status: response.status, ok: response.ok, text: await response.text() }))
      .catch((error: unknown) => Promise.reject(noAnswer(url, error)));
    const body = parseJson(answer.text);
    if (!answer.ok || body === undefined) throw problemOf(answer.status, body);
    return body as Body;
  }

  const items = async <Item>(path: string, signal?: AbortSignal) =>
    (await request<Page<Item>>('GET', path, { signal })).items;

  return {
    url,
    plan: (body) => request('POST', '/v1/plans', { body, deadlineMs: CLUSTER_DEADLINE_MS }),
    start: (body, key = randomUUID()) => request('POST', '/v1/upgrades', { body, key, deadlineMs: START_DEADLINE_MS }),
    state: (run, signal) => request('GET', pathOf(run), { signal }),
    workloads: (run, signal) => items(`${pathOf(run)}/workloads`, signal),
    operations: (run) => items(`${pathOf(run)}/operations`),
    list: (filter) => request('GET', `/v1/upgrades?${new URLSearchParams(filter).toString()}`),
    command: (run, verb, body) => request('POST', `${pathOf(run)}/${verb}`, { body, key: randomUUID() }),
    rollBack: (run, reason) =>
      request('POST', `${pathOf(run)}/rollback`, {
        body: { reason },
        key: randomUUID(),
        deadlineMs: CLUSTER_DEADLINE_MS,
      }),
    clusters: () => items('/v1/clusters'),
    cluster: (id) => request('GET', `/v1/clusters/${encodeURIComponent(id)}`, { deadlineMs: CLUSTER_DEADLINE_MS }),
    releases: () => items('/v1/releases'),
    events: (run, options) => readEvents({ url, path: `${pathOf(run)}/events`, headers, ...options }),
  };
}

/** Address of a run below the server's own: `/v1/upgrades/{cluster}/{runId}`. */
export function pathOf({ cluster, runId }: RunPath): string {
  return `/v1/upgrades/${encodeURIComponent(cluster)}/${encodeURIComponent(runId)}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
