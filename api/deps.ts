import type { FastifyBaseLogger } from 'fastify';
import type { JournalEntry, Operation } from '../domain/journal.js';
import type { DetectedMesh, Plan, UpgradeRequest } from '../domain/plan.js';
import type { Release } from '../domain/release.js';
import type { PhaseName, RunCommand, RunState } from '../domain/run.js';

/** A registered cluster, as callers may see it: nothing of its credentials. */
export interface ClusterSummary {
  readonly id: string;
  readonly role: 'user' | 'admin';
  readonly labels: Readonly<Record<string, string>>;
}

/** A run, as the list shows it. It comes from Temporal's index, which may lag by a second. */
export interface RunSummary {
  readonly cluster: string;
  readonly runId: string;
  readonly release: string | null;
  readonly phase: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

/** What `GET /v1/upgrades` asks for. */
export interface RunFilter {
  readonly cluster?: string | undefined;
  readonly phase?: PhaseName | undefined;
  /** As given with the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** What starts a run. */
export interface StartRun {
  readonly request: UpgradeRequest;
  /** The caller's idempotency key. */
  readonly key: string;
  readonly by: string;
}

/** What asks to go back. */
export interface RollBack {
  readonly cluster: string;
  readonly runId: RunIdOrLatest;
  readonly by: string;
  readonly reason: string;
  /** The caller's idempotency key, if there is one. */
  readonly key?: string | undefined;
}

/** What came of it: an open run goes back itself; a succeeded one is taken back by a new run. */
export type RolledBack =
  { readonly kind: 'command'; readonly state: RunState } | { readonly kind: 'started'; readonly runId: string };

/** The id of a run, or the newest one of its cluster. */
export type RunIdOrLatest = string;

/** The runs, wherever they live. Every method rejects with `ApiProblem`. */
export interface RunsGateway {
  /** The same key and request give the same run; `created` tells whether this call began it. */
  start(run: StartRun): Promise<{ readonly runId: string; readonly created: boolean }>;
  /** Needs no worker. `open` is false once nothing will happen any more. */
  find(cluster: string, runId: RunIdOrLatest): Promise<{ readonly runId: string; readonly open: boolean }>;
  state(cluster: string, runId: RunIdOrLatest): Promise<RunState>;
  /** The same `updateId` acts once. */
  command(cluster: string, runId: RunIdOrLatest, command: RunCommand, updateId?: string): Promise<RunState>;
  /** Sends an open run back, or starts a run that takes back a succeeded one within its grace. */
  rollBack(request: RollBack): Promise<RolledBack>;
  list(filter: RunFilter): Promise<{ readonly items: readonly RunSummary[]; readonly cursor: string | null }>;
  /** Changes nothing. */
  plan(request: UpgradeRequest): Promise<Plan>;
  /** Reads what is in the cluster now. */
  inspect(cluster: string): Promise<DetectedMesh>;
}

/** The journal of a run, read only. */
export interface JournalReader {
  /** Entries with a greater id than `afterId`, in order. A run without a journal has none. */
  read(cluster: string, runId: string, afterId: number): Promise<readonly JournalEntry[]>;
  /** The same, and then each entry as it is written, until `signal` is aborted. */
  follow(cluster: string, runId: string, afterId: number, signal: AbortSignal): AsyncIterable<JournalEntry>;
  operations(cluster: string, runId: string): Promise<readonly Operation[]>;
}

/** One part that the service needs, and whether it answers. */
export interface PartReadiness {
  readonly part: string;
  readonly ready: boolean;
  readonly detail: string;
}

/** Everything that the API is given. */
export interface AppDeps {
  readonly clusters: readonly ClusterSummary[];
  readonly releases: readonly Release[];
  /** Names of the registered overlay files. */
  readonly overlays: readonly string[];
  /** The bearer token that callers must send. */
  readonly token: string;
  readonly runs: RunsGateway;
  readonly journal: JournalReader;
  readonly readiness: () => Promise<readonly PartReadiness[]>;
  readonly logger: FastifyBaseLogger;
}

/** How the API is exposed. */
export interface AppOptions {
  /** Refuse requests whose `Host` is another name than this machine's loopback. @default true */
  readonly loopbackOnly?: boolean;
  /** Requests per minute and address, event streams not counted. @default 600 */
  readonly requestsPerMinute?: number;
  /** How often a silent event stream says that it lives. @default 15,000 */
  readonly keepAliveMs?: number;
}
