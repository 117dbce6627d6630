import { isHalfWay, keptValues } from '../../domain/helm.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { failure } from '../failure.js';
import type { Step as DriverStep } from '../mesh/drivers/driver.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { changeByHelm, TIMEOUT } from './change-by-helm.js';
import { helmOf, type Helm } from './helm.js';
import type { ReleaseRef } from './releases.js';
import { keepValues, valueArguments } from './values.js';

type Step = Pick<DriverStep, 'context' | 'run' | 'signal'>;

interface Upgrade {
  readonly ref: ReleaseRef;
  /** Folder of the new chart. */
  readonly chart: string;
  /** Overlays and `--set` options of the run, where they are meant for this release. */
  readonly files: readonly string[];
  readonly set: readonly string[];
}

/**
 * Upgrades a release where it is, to a newer chart and with the values that it has. One that was left half-way goes back to what it
 * was first: Helm refuses to go on from there.
 * @throws HelmFailed with Helm's last lines
 */
export async function upgradeRelease(step: Step, { ref, chart, files, set }: Upgrade): Promise<void> {
  const { context, run, signal } = step;
  const helm = helmOf(context, run.cluster, signal);
  const found = await helm.find(ref.namespace, ref.name);
  if (found !== null && isHalfWay(found)) await goBack(step, helm, ref, await recordedRevision(step, ref));
  const kept = keepValues(context, run, ref, keptValues(await helm.values(ref.namespace, ref.name)));
  // Given no values Helm takes the old ones, versions of images among them.
  const args = ['upgrade', '--namespace', ref.namespace, '--reset-values', '--wait', '--timeout', TIMEOUT];
  await changeByHelm(context, run, helm, {
    id: `upgrade/${ref.name}`,
    args: [...args, ...valueArguments([kept, ...files], set), '--', ref.name, chart],
  });
}

/**
 * Has Helm take its upgrade of a release back. It is left alone where Helm's own record of it equals that of before.
 * @throws HelmFailed with Helm's last lines, or when nothing says what was there before
 */
export async function takeBackRelease(step: Step, ref: ReleaseRef): Promise<void> {
  const helm = helmOf(step.context, step.run.cluster, step.signal);
  const found = await helm.find(ref.namespace, ref.name);
  const revision = await recordedRevision(step, ref);
  const isBefore = async () =>
    (await helm.manifest(ref.namespace, ref.name)) === (await helm.manifest(ref.namespace, ref.name, revision));
  if (found?.status === 'deployed' && (found.revision === revision || (await isBefore()))) return;
  await goBack(step, helm, ref, revision);
}

async function goBack(step: Step, helm: Helm, ref: ReleaseRef, revision: number): Promise<void> {
  const args = ['rollback', '--namespace', ref.namespace, '--wait', '--timeout', TIMEOUT, '--', ref.name];
  await changeByHelm(step.context, step.run, helm, { id: `back/${ref.name}`, args: [...args, String(revision)] });
}

async function recordedRevision({ context, run }: Step, { namespace, name }: ReleaseRef): Promise<number> {
  const { helm = {} }: Pick<Snapshot, 'helm'> = await readSnapshot(context.dataDir, run);
  const revision = helm[`${namespace}/${name}`];
  if (revision !== undefined) return revision;
  const message = `The snapshot of cluster ${run.cluster} does not know release ${namespace}/${name} of Helm.`;
  throw failure('HelmFailed', message);
}
