import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditSummary } from '../support/audit-summary.js';
import type { Histories } from '../support/histories.js';
import type { Observation } from '../support/observation.js';

/** Ways to move a mesh; `e` is computed, not run. `p` is a run of Meshlift that is paused, and whose worker is killed. */
export const METHODS = ['a', 'b', 'c', 'd', 'f', 'g', 'h5', 'h1', 'p'] as const;
export type Method = (typeof METHODS)[number];

/** What the controllers of the cluster may ask of its API server: 20 requests a second as in a stock cluster, or 200. */
export const RATES = ['stock', 'raised'] as const;
export type Rate = (typeof RATES)[number];

/** What is known of Meshlift itself, for the time of the move. */
export interface MeshliftFigures {
  readonly workerCpuSeconds: number;
  readonly workerPeakRssMb: number;
  readonly temporalCpuSeconds: number;
  readonly temporalPeakRssMb: number;
  readonly apiCpuSeconds: number;
  readonly histories: Histories;
  /** From the last new pod that was ready until Meshlift said that the wave was over. */
  readonly tailSeconds: number | null;
  /** From the call of pause until the last new restart; of the kill of the worker until the next one. Method `p` only. */
  readonly pauseSeconds?: number | null;
  readonly resumeAfterKillSeconds?: number | null;
}

/** One run of one method, as it is kept. */
export interface RunResult {
  readonly method: Method;
  readonly size: string;
  readonly rate: Rate;
  readonly round: number;
  readonly at: string;
  readonly pods: number;
  readonly workloads: number;
  readonly namespaces: number;
  /** From the first label until every pod was new and ready; null when that never came. */
  readonly seconds: number | null;
  readonly observation: Omit<Observation, 'labels' | 'restarts'> & { readonly restarts: number };
  readonly requests: AuditSummary;
  readonly meshlift?: MeshliftFigures;
  /** What makes the run worthless, or the method not what it says. */
  readonly faults: readonly string[];
}

/** Every run that is kept in a folder, with those that did not come to their end: what they left on the old proxy counts. */
export async function readResults(dir: string): Promise<RunResult[]> {
  const files = (await readdir(dir)).filter((name) => /^\d+x\d+-.*\.(json|failed)$/.test(name)).sort();
  return Promise.all(files.map(async (name) => JSON.parse(await readFile(join(dir, name), 'utf8')) as RunResult));
}
