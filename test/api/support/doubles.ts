import type { AppDeps, JournalReader, RollBack, RunsGateway, StartRun } from '../../../api/deps.js';
import { ApiProblem } from '../../../api/api-problem.js';
import type { JournalBody, JournalEntry } from '../../../domain/journal.js';
import { initialState } from '../../../domain/phases.js';
import type { DetectedMesh, Plan, UpgradeRequest } from '../../../domain/plan.js';
import { effectivePolicy } from '../../../domain/policy/effective.js';
import { upgradeOptionsSchema } from '../../../domain/plan.js';
import type { RunCommand, RunState } from '../../../domain/run.js';

export const RUN_ID = '0190a6de-0000-7000-8000-000000000001';
export const NEXT_RUN_ID = '0190a6de-0000-7000-8000-000000000002';
export const AT = '2026-01-31T08:00:00.000Z';

export const STATE: RunState = initialState({
  cluster: 'shop',
  release: '1.6.14-asm.2',
  runId: RUN_ID,
  requestedBy: 'ann',
  at: AT,
});

export const PLAN: Plan = {
  cluster: 'shop',
  release: '1.6.14-asm.2',
  route: null,
  options: upgradeOptionsSchema.parse({}),
  policy: effectivePolicy(upgradeOptionsSchema.parse({})),
  findings: [],
  waves: [{ name: 'canary', namespaces: ['catalog'], gate: 'canary' }],
  commands: ['istioctl install'],
  totals: { namespaces: 1, workloads: 2, pods: 3 },
  estimateMinutes: { from: 5, to: 11 },
  hash: 'a'.repeat(64),
};

export const MESH: DetectedMesh = {
  cluster: 'shop',
  kubernetes: '1.21',
  controlPlanes: [{ revision: 'default', deployment: 'istiod', version: '1.6.13', ready: true }],
  namespaces: [],
  gateways: ['istio-system/istio-ingressgateway'],
};

/** A call that reached the runs. */
export type RunsCall =
  | { readonly method: 'start'; readonly run: StartRun }
  | { readonly method: 'find' | 'state'; readonly cluster: string; readonly runId: string }
  | {
      readonly method: 'command';
      readonly cluster: string;
      readonly runId: string;
      readonly command: RunCommand;
      readonly updateId: string | undefined;
    }
  | { readonly method: 'rollBack'; readonly request: RollBack }
  | { readonly method: 'list'; readonly filter: unknown }
  | { readonly method: 'plan'; readonly request: UpgradeRequest }
  | { readonly method: 'inspect'; readonly cluster: string };

/** Runs in memory that remember every call. */
export interface RunsDouble extends RunsGateway {
  readonly calls: RunsCall[];
  /** What every call is answered with from now on, when set. */
  failure: Error | null;
  open: boolean;
  /** Whether the run has succeeded, so that going back begins a new one. */
  succeeded: boolean;
}

export function createRunsDouble(): RunsDouble {
  const started = new Map<string, string>();
  const double: RunsDouble = {
    calls: [],
    failure: null,
    open: true,
    succeeded: false,
    start: (run) => answer({ method: 'start', run }, () => ({ created: begin(run), runId: RUN_ID })),
    find: (cluster, runId) => answer({ method: 'find', cluster, runId }, () => ({ runId: RUN_ID, open: double.open })),
    state: (cluster, runId) => answer({ method: 'state', cluster, runId }, () => STATE),
    command: (cluster, runId, command, updateId) =>
      answer({ method: 'command', cluster, runId, command, updateId }, () => STATE),
    rollBack: (request) =>
      answer({ method: 'rollBack', request }, () =>
        double.succeeded ? { kind: 'started', runId: NEXT_RUN_ID } : { kind: 'command', state: STATE },
      ),
    list: (filter) =>
      answer({ method: 'list', filter }, () => ({
        items: [
          {
            cluster: 'shop',
            runId: RUN_ID,
            release: '1.6.14-asm.2',
            phase: 'planning',
            startedAt: AT,
            finishedAt: null,
          },
        ],
        cursor: 'bmV4dA',
      })),
    plan: (request) => answer({ method: 'plan', request }, () => PLAN),
    inspect: (cluster) => answer({ method: 'inspect', cluster }, () => MESH),
  };

  function answer<Result>(call: RunsCall, result: () => Result): Promise<Result> {
    double.calls.push(call);
    if (double.failure !== null) return Promise.reject(double.failure);
    return new Promise((resolve) => resolve(result()));
  }

  /** The rule of the gateway: same key and request give the same run, same key with another request is refused. */
  function begin({ key, request }: StartRun): boolean {
    const before = started.get(key);
    const now = JSON.stringify(request);
    if (before !== undefined && before !== now)
      throw new ApiProblem('IdempotencyKeyReused', 'The key was used before.');
    started.set(key, now);
    return before === undefined;
  }

  return double;
}

/** A journal in memory; a written entry reaches its followers at once. */
export interface JournalDouble extends JournalReader {
  readonly entries: JournalEntry[];
  /** Followers that have not been told to stop. */
  readonly followers: () => number;
  write(...bodies: JournalBody[]): void;
}

export function createJournalDouble(): JournalDouble {
  const entries: JournalEntry[] = [];
  const waiting = new Set<() => void>();
  let followers = 0;

  return {
    entries,
    followers: () => followers,
    write(...bodies) {
      for (const body of bodies) {
        const id = entries.length + 1;
        entries.push({ id, at: AT, key: `entry/${id}`, body });
      }
      for (const wake of [...waiting]) wake();
    },
    read: (_cluster, _runId, afterId) => Promise.resolve(entries.filter(({ id }) => id > afterId)),
    async *follow(_cluster, _runId, afterId, signal) {
      followers += 1;
      try {
        let last = afterId;
        while (!signal.aborted) {
          for (const entry of entries.filter(({ id }) => id > last)) {
            last = entry.id;
            yield entry;
          }
          if (entries.length > last) continue;
          await new Promise<void>((resolve) => {
            const wake = () => {
              waiting.delete(wake);
              resolve();
            };
            waiting.add(wake);
            signal.addEventListener('abort', wake, { once: true });
            if (signal.aborted) wake();
          });
        }
      } finally {
        followers -= 1;
      }
    },
    operations: () =>
      Promise.resolve([
        {
          id: 'install',
          argv: ['istioctl', 'install'],
          mutating: true,
          startedAt: AT,
          finishedAt: AT,
          outcome: 'succeeded' as const,
          tail: 'done',
        },
      ]),
  };
}

/** What a test app is made of. */
export interface Doubles {
  readonly deps: AppDeps;
  readonly runs: RunsDouble;
  readonly journal: JournalDouble;
}
