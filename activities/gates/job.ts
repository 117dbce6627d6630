import { setTimeout as delay } from 'node:timers/promises';
import type { Verdict, GateVerdict } from '../../domain/gate-verdict.js';
import { subjectOf } from '../../domain/gates/sentences.js';
import { recordOperation, type ReportProgress } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import { tailOf } from '../exec-output.js';
import { reasonOf } from '../kube/failures.js';
import type { KubeClient, KubeObject } from '../kube/types.js';
import { nextChange } from '../workloads/watch-workload.js';
import type { GateInput } from './gate-input.js';
import { gateJob, type GateJob } from './job-manifest.js';

export interface JobGate {
  readonly context: ActivityContext;
  readonly input: GateInput;
  readonly name: string;
  /** Path of the registered manifest. */
  readonly file: string;
  readonly signal: AbortSignal;
}

/** A Job whose manifest has no deadline of its own, and whose step has none, may run so long. */
const LONGEST_MS = 60 * 60_000;
const LOOK_AGAIN_MS = 5_000;
const LOG_LINES = 20;
const LOG_PATIENCE_MS = 5_000;

/** What became of the Job. */
interface JobEnd {
  readonly verdict: Exclude<Verdict, 'inconclusive'>;
  readonly detail: string;
}

/** Runs a registered Job, and opens the gate when it completes. The Job is deleted at the end, whatever that is. */
export async function runJob(gate: JobGate): Promise<GateVerdict> {
  const { context, input } = gate;
  let job: GateJob;
  try {
    job = await gateJob(gate.file, gate.name, input);
  } catch (error) {
    return toVerdict(gate, { verdict: 'error', detail: `its manifest ${gate.file}: ${(error as Error).message}` });
  }
  const { kube } = context.access(input.run.cluster);
  const { namespace, name } = job.resource;
  const step = `gate/${input.wave}/job/${gate.name}`;
  try {
    await change(gate, `${step}/create`, ['kubectl', 'create', '-f', gate.file], () => createOnce(kube, job));
    const argv = ['kubectl', 'wait', '--for=condition=complete', `job/${name}`, '-n', namespace];
    const end = await recordOperation(
      context.journal,
      input.run,
      { id: `${step}/wait`, argv, mutating: false },
      async (report) => {
        const found = await untilEnded(gate, job, report);
        const value = { ...found, detail: joined(found.detail, await logOf(kube, job)) };
        return { outcome: 'succeeded', tail: value.detail, value };
      },
    );
    return toVerdict(gate, end);
  } finally {
    // Also when the gate was skipped or the run goes back: nobody else would.
    await change(gate, `${step}/delete`, ['kubectl', 'delete', 'job', name, '-n', namespace], () =>
      kube.delete(job.resource, { propagation: 'Background' }),
    );
  }
}

/** @param work gives false when there was nothing to change */
function change({ context, input }: JobGate, id: string, argv: readonly string[], work: () => Promise<boolean>) {
  return recordOperation(context.journal, input.run, { id, argv, mutating: true }, async () => ({
    outcome: (await work()) ? 'succeeded' : 'unchanged',
    value: undefined,
  }));
}

async function createOnce(kube: KubeClient, { resource, body }: GateJob): Promise<boolean> {
  if ((await kube.get(resource)) !== null) return false;
  try {
    await kube.create({ api: resource.api, plural: resource.plural, namespace: resource.namespace }, body);
    return true;
  } catch (error) {
    if (reasonOf(error) === 'AlreadyExists') return false;
    throw error;
  }
}

async function untilEnded({ context, input, signal }: JobGate, { resource }: GateJob, report: ReportProgress) {
  const { stores } = context.access(input.run.cluster);
  const { name, ...collection } = resource;
  const deadline = input.stopAt === undefined ? Date.now() + LONGEST_MS : Date.parse(input.stopAt);
  const store = stores.acquire(collection, { fieldSelector: `metadata.name=${name}` });
  try {
    await store.ready;
    for (;;) {
      signal.throwIfAborted();
      const end = endOf(store.items()[0]);
      if (end !== null) return end;
      if (Date.now() >= deadline) return { verdict: 'error', detail: 'it has not ended in time' } as const;
      report(`waits for job ${resource.namespace}/${name}`);
      await nextChange([store], Math.min(LOOK_AGAIN_MS, deadline - Date.now()), signal);
    }
  } finally {
    stores.release(store);
  }
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

function endOf(job: KubeObject | undefined): JobEnd | null {
  if (job === undefined) return { verdict: 'error', detail: 'somebody has deleted it' };
  const { conditions = [] } = (job['status'] ?? {}) as { readonly conditions?: readonly Condition[] };
  const isTrue = (type: string) => conditions.find((each) => each.type === type && each.status === 'True');
  if (isTrue('Complete') !== undefined) return { verdict: 'successful', detail: 'it is complete' };
  const failed = isTrue('Failed');
  if (failed === undefined) return null;
  return { verdict: 'failed', detail: `it has failed: ${failed.reason ?? ''}: ${failed.message ?? ''}` };
}

/** The last lines that the newest pod of the Job wrote; nothing where they cannot be read. */
async function logOf(kube: KubeClient, { resource }: GateJob): Promise<string> {
  try {
    const { namespace, name } = resource;
    const { items } = await kube.list({ api: 'v1', plural: 'pods', namespace }, { labelSelector: `job-name=${name}` });
    const born = ({ metadata }: KubeObject) => metadata.creationTimestamp ?? '';
    const newest = items.toSorted((a, b) => born(a).localeCompare(born(b))).at(-1);
    if (newest === undefined) return '';
    const path = `/api/v1/namespaces/${namespace}/pods/${newest.metadata.name}/log?tailLines=${LOG_LINES}`;
    // Its node may not answer, and the verdict is there already.
    const log = await Promise.race([kube.raw(path), delay(LOG_PATIENCE_MS, '', { ref: false })]);
    return tailOf(log).trim();
  } catch {
    return '';
  }
}

function joined(detail: string, log: string): string {
  return log === '' ? detail : `${detail}. Its last lines:\n${log}`;
}

function toVerdict({ name, input }: JobGate, { verdict, detail }: JobEnd): GateVerdict {
  const about = `The job ${name} for ${subjectOf({ cluster: input.run.cluster, ...input })}`;
  const measurements = [{ metric: `job/${name}`, verdict, detail }];
  if (verdict === 'successful') return { verdict, sentence: `${about} is complete.`, measurements };
  const remedy =
    verdict === 'failed'
      ? 'Read what it wrote. Roll back; or mend the cause, then `retry` runs it anew.'
      : 'Mend what the message names, then `retry`; or promote the gate.';
  return { verdict, sentence: `${about} did not open the gate: ${detail}`, remedy, measurements };
}
