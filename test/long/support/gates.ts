import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { createRunJournal } from '../../../activities/audit/run-journal.js';
import type { Activities, LookingStep } from '../../../activities/contract.js';
import { createActivities } from '../../../activities/index.js';
import { BUILT_IN_ANALYSES } from '../../../domain/gates/templates.js';
import type { GateVerdict } from '../../../domain/gate-verdict.js';
import type { Operation } from '../../../domain/journal.js';
import type { GateStep } from '../../../domain/policy/schema.js';
import { loadCatalogue } from '../../../settings/catalogue.js';
import { defaultCacheDir } from '../../../settings/paths.js';
import { loadSettings } from '../../../settings/settings.js';
import { eventually } from '../../e2e/support/eventually.js';
import type { Mesh } from '../../e2e/support/mesh.js';
import { NEW } from './shared.js';

/** The built-in analysis, asked as often as nobody would in earnest. */
export const QUICK = {
  metrics: BUILT_IN_ANALYSES['istio-defaults']!.metrics.map((metric) => ({ ...metric, interval: 1, count: 3 })),
};

const QUIET = { logger: new DefaultLogger('ERROR') };

/** The real activities of gates against a mesh, called without a workflow. */
export interface Gates {
  judge(step: GateStep, more?: { stopAt?: string; env?: MockActivityEnvironment }): Promise<GateVerdict>;
  watch(wave: string, until?: string): Promise<GateVerdict>;
  note(wave: string): Promise<void>;
  operations(): Promise<readonly Operation[]>;
  /** The value of a query, null where it has none. */
  ask(query: string): Promise<number | null>;
  /** Waits until a query has such a value. */
  until(query: string, holds: (value: number | null) => boolean): Promise<void>;
}

/**
 * Makes activities that write a journal of their own.
 * @param run path of the open run, which holds the cluster
 * @param jobs manifests by name
 */
export async function gatesOf(mesh: Mesh, run: string, jobs: Readonly<Record<string, object>>): Promise<Gates> {
  const { sandbox, cluster, dataDir } = mesh;
  const loaded = await loadSettings(sandbox.configFile);
  const files = Object.keys(jobs).map((name) => [name, join(dataDir, `${name}.yaml`)] as const);
  for (const [name, file] of files) await writeFile(file, stringify(jobs[name]));
  const settings = { ...loaded, analyses: { quick: QUICK }, jobs: Object.fromEntries(files) };
  const journal = createRunJournal({ dir: join(dataDir, 'direct') });
  const logger = pino({ level: 'silent' });
  const catalogue = loadCatalogue(settings, process.env);
  const activities = createActivities({ settings, journal, catalogue, cacheDir: defaultCacheDir(), dataDir, logger });
  const { plan } = await mesh.api.state(run);
  const runId = run.split('/').at(-1) ?? '';
  const wave = plan?.waves[0];
  const route = plan?.route;
  if (!wave || !route) throw new Error('the run has no plan');
  const subject = { run: { cluster, runId, release: NEW }, route, wave: wave.name, namespaces: wave.namespaces };
  const call = <Result>(work: () => Promise<Result>, env = new MockActivityEnvironment({}, QUIET)) =>
    env.run<[], Result, () => Promise<Result>>(work);
  const ask = async (query: string) => {
    const url = `${sandbox.metrics?.prometheus ?? ''}/api/v1/query?${new URLSearchParams({ query }).toString()}`;
    const { data } = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
    const text = data.result[0]?.value[1];
    return text === undefined || text === 'NaN' ? null : Number(text);
  };
  return {
    judge: (step, { stopAt, env } = {}) => {
      const input: Parameters<Activities['judgeGate']>[0] = {
        ...subject,
        step: step as LookingStep,
        ...(stopAt && { stopAt }),
      };
      return call(() => activities.judgeGate(input), env);
    },
    watch: (name, until) => call(() => activities.watchPodHealth({ ...subject, wave: name, ...(until && { until }) })),
    note: (name) => call(() => activities.notePodHealth({ ...subject, wave: name })),
    operations: () => journal.operations(cluster, runId),
    ask,
    until: (query, holds) => eventually(`${query} to be so`, async () => holds(await ask(query))),
  };
}
