import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { join } from 'node:path';
import { pino } from 'pino';
import { createRunJournal } from '../../../activities/audit/run-journal.js';
import type { Activities, RunRef } from '../../../activities/contract.js';
import { createContext } from '../../../activities/context.js';
import { heartbeating } from '../../../activities/heartbeat.js';
import { createActivities } from '../../../activities/index.js';
import { moveWorkload } from '../../../activities/workloads/move-workload.js';
import type { Operation } from '../../../domain/journal.js';
import type { WorkloadProgress, WorkloadRef } from '../../../domain/workload.js';
import { loadCatalogue } from '../../../settings/catalogue.js';
import { defaultCacheDir } from '../../../settings/paths.js';
import { loadSettings } from '../../../settings/settings.js';
import type { Mesh } from './mesh.js';

const EXPECTED = { revision: 'asm-1614-2', proxyTag: '1.6.14-asm.2' };

/** Failures are what these tests are about. */
const QUIET = { logger: new DefaultLogger('ERROR') };

/** How one move is called. */
export interface MoveCall {
  readonly timeoutSeconds?: number;
  /** From 2 on it is a try after a crash; 1 is the first one, or a person's `retry`. */
  readonly attempt?: number;
}

/** The real activities against the sandbox's API server, called without a workflow. */
export interface DirectActivities {
  move(workload: WorkloadRef, call?: MoveCall): Promise<{ readonly pods: number; readonly restarted: boolean }>;
  confirmMoved(input: Omit<Parameters<Activities['confirmMoved']>[0], 'run'>): ReturnType<Activities['confirmMoved']>;
  operations(): Promise<readonly Operation[]>;
  /** What people were told of a workload, in order. */
  told(workload: WorkloadRef): Promise<readonly WorkloadProgress[]>;
}

/**
 * Makes activities that write a journal of their own.
 * @param runId of the open run, which holds the cluster
 */
export async function directActivities(
  { sandbox, cluster, dataDir }: Mesh,
  runId: () => string,
): Promise<DirectActivities> {
  const settings = await loadSettings(sandbox.configFile);
  const journal = createRunJournal({ dir: join(dataDir, 'direct') });
  const deps = {
    settings,
    journal,
    catalogue: loadCatalogue(settings, process.env),
    cacheDir: defaultCacheDir(),
    dataDir,
    logger: pino({ level: 'silent' }),
  };
  const [activities, context] = [createActivities(deps), createContext(deps)];
  const runRef = (): RunRef => ({ cluster, runId: runId(), release: '1.6.14-asm.2' });
  return {
    move(workload, { timeoutSeconds = 60, attempt = 1 } = {}) {
      const input = { run: runRef(), workload, direction: 'forward' as const, expected: EXPECTED, timeoutSeconds };
      return new MockActivityEnvironment({ attempt }, QUIET).run(() =>
        heartbeating((signal) => moveWorkload(context, { ...input, isOrdered: attempt === 1 }, signal)),
      );
    },
    confirmMoved: (input) =>
      new MockActivityEnvironment({}, QUIET).run(() => activities.confirmMoved({ run: runRef(), ...input })),
    operations: () => journal.operations(cluster, runId()),
    async told({ kind, namespace, name }) {
      const entries = await journal.read(cluster, runId(), 0);
      return entries.flatMap(({ body }) => {
        if (body.type !== 'workload') return [];
        const { workload } = body.progress;
        const isIt = workload.kind === kind && workload.namespace === namespace && workload.name === name;
        return isIt ? [body.progress] : [];
      });
    },
  };
}

/** The failure that an activity ends with, as `Reason: sentence`. @throws when it does not fail so */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApplicationFailure) return `${error.type ?? ''}: ${error.message}`;
    throw error;
  }
  throw new Error('it did not fail');
}
