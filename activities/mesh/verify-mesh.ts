import { named } from '../../domain/named.js';
import { REVISION_LABEL } from '../../domain/names.js';
import { driverOf, isInPlace, type Route } from '../../domain/plan.js';
import { isLive, proxyTagOf, runsSidecarOf, type Pod } from '../../domain/pod.js';
import type { ProofLine } from '../../domain/run.js';
import { isTakenOver, ownObjects, pluralOf } from '../../domain/old-revision.js';
import { recordedName, type Json, type Snapshot } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import type { Activities, RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { proveGateways } from '../gateways/gateways.js';
import { heartbeating } from '../heartbeat.js';
import type { KubeClient } from '../kube/types.js';
import { observe } from '../rollback/observe.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { listPods } from '../workloads/list-pods.js';
import { versionOf } from '../workloads/owned-pods.js';
import { isComplete } from './deployment-state.js';
import { driverFor } from './drivers/index.js';
import { findIstiod, listIstiods } from './istiods.js';
import { probeInjection } from './probe-namespace.js';
import { probeValidation } from './probe-validation.js';
import { isLabelled, isSame, stillThere } from './usage-objects.js';

/**
 * Proves the finished mesh: every sidecar is the target's, configuration is checked as it was before, and a new namespace
 * gets its sidecar.
 * @throws SidecarWrong, ValidationBroken or ControlPlaneNotReady
 */
export function createVerifyMesh(context: ActivityContext): Activities['verifyMesh'] {
  return ({ run, route, waived = [] }) =>
    heartbeating(async (signal) => {
      const { kube } = context.access(run.cluster);
      const before = await readSnapshot(context.dataDir, run);
      return [
        await proveSidecars(kube, { run, route, waived }),
        ...(await proveValidation(kube, { run, route, before })),
        await proveInjection(kube, { run, route, signal }),
        ...(isInPlace(route)
          ? [await proveReplaced(kube, run, route)]
          : [await proveControlPlanes(kube, run, route), await proveNoOrphans(kube, { run, route, before })]),
        ...(await proveGateways(kube, run, before)),
      ];
    });
}

async function proveSidecars(
  kube: KubeClient,
  { run, route, waived }: { run: RunRef; route: Route; waived: readonly string[] },
): Promise<ProofLine> {
  const pods = (await listPods(kube)).filter((pod) => isLive(pod) && proxyTagOf(pod) !== null);
  const nameOf = ({ metadata }: Pod) => `${metadata.namespace ?? ''}/${metadata.name}`;
  const old = pods.filter((pod) => !isNew(pod, route));
  const others = old.filter((pod) => !waived.includes(nameOf(pod)));
  if (others.length > 0) {
    throw failure(
      'SidecarWrong',
      `In cluster ${run.cluster} ${others.length} pods run another proxy: ${named(others.map(nameOf))}.`,
    );
  }
  const left = old.length === 0 ? '' : `; waived: ${old.map(nameOf).join(', ')}`;
  const detail = `${pods.length - old.length} proxies run ${route.to.sidecar.proxyTag}${left}`;
  return { name: 'all sidecars are new', ok: true, detail };
}

/** With the guide's release nothing else may be there; beside current Istio others may have control planes of their own. */
function isNew(pod: Pod, route: Route): boolean {
  const { from, to } = route;
  if (driverOf(route) === 'istio-revisioned') return !runsSidecarOf(pod, from.sidecar, to.sidecar);
  return proxyTagOf(pod) === to.sidecar.proxyTag;
}

async function proveValidation(
  kube: KubeClient,
  { run, route, before }: { run: RunRef; route: Route; before: Snapshot },
): Promise<ProofLine[]> {
  const driver = driverFor(route);
  const policies = await failurePolicies(kube);
  const recorded = before.objects
    .filter((entry) => pluralOf(entry) === 'validatingwebhookconfigurations' && driver.keepsValidation(entry, route))
    .flatMap(({ name, object }) => policiesOf(name, object['webhooks']));
  const changed = recorded.filter((policy) => !policies.includes(policy));
  if (changed.length > 0) {
    const message = `In cluster ${run.cluster} the validation webhook is not as before: ${changed.join(', ')} is now ${policies.join(', ') || 'gone'}.`;
    throw failure('ValidationBroken', message);
  }
  const answer = await probeValidation(kube);
  if (answer !== null) throw failure('ValidationBroken', `In cluster ${run.cluster} ${answer}.`);
  return [
    { name: 'a valid object is accepted', ok: true, detail: 'dry run of a Gateway' },
    { name: 'an invalid object is denied', ok: true, detail: 'dry run of a Gateway without a port' },
    { name: 'failure policy as before', ok: true, detail: policies.join(', ') },
  ];
}

async function failurePolicies(kube: KubeClient): Promise<string[]> {
  const { items } = await kube.list({
    api: 'admissionregistration.k8s.io/v1',
    plural: 'validatingwebhookconfigurations',
  });
  return items.flatMap(({ metadata, webhooks }) => policiesOf(metadata.name, webhooks));
}

function policiesOf(name: string, webhooks: unknown): string[] {
  return ((webhooks ?? []) as { failurePolicy?: string }[]).map(
    ({ failurePolicy }) => `${name}: ${failurePolicy ?? 'Fail'}`,
  );
}

async function proveInjection(
  kube: KubeClient,
  { run, route, signal }: { run: RunRef; route: Route; signal: AbortSignal },
): Promise<ProofLine> {
  const tag = await probeInjection(kube, route.to.revision, signal);
  if (tag !== route.to.sidecar.proxyTag) {
    const got = tag === null ? 'no sidecar' : `proxy ${tag}`;
    throw failure('ControlPlaneNotReady', `In cluster ${run.cluster} a pod of a new namespace gets ${got}.`);
  }
  return {
    name: 'a new namespace gets its sidecar',
    ok: true,
    detail: `${REVISION_LABEL}=${route.to.revision}: proxy ${tag}`,
  };
}

async function proveControlPlanes(kube: KubeClient, run: RunRef, route: Route): Promise<ProofLine> {
  const istiods = await listIstiods(kube);
  const revisions = istiods.map(({ metadata }) => metadata.labels?.[REVISION_LABEL] ?? 'default');
  if (revisions.includes(route.from.revision)) {
    throw failure(
      'OldRevisionInUse',
      `The old control plane ${route.from.revision} of cluster ${run.cluster} is still there.`,
    );
  }
  return { name: 'only the new control plane is left', ok: true, detail: revisions.join(', ') };
}

/** In place nothing is removed: the Deployment of before runs the new version. */
async function proveReplaced(kube: KubeClient, run: RunRef, { to }: Route): Promise<ProofLine> {
  const istiod = await findIstiod(kube, to.revision);
  const found = istiod === undefined ? null : versionOf(istiod);
  if (istiod !== undefined && found === to.version && isComplete(istiod)) {
    const detail = `Deployment ${istiod.metadata.name} runs ${to.version}`;
    return { name: 'the control plane was replaced in place', ok: true, detail };
  }
  const what = found === null ? 'is gone' : found === to.version ? 'is not complete' : `runs ${found}`;
  const message = `The control plane ${to.revision} of cluster ${run.cluster} should run ${to.version} and ${what}.`;
  throw failure('ControlPlaneNotReady', message);
}

/** Nothing of the old revision is left behind, and nothing was taken that is somebody else's (pitfalls 4d). */
async function proveNoOrphans(
  kube: KubeClient,
  { run, route, before }: { run: RunRef; route: Route; before: Snapshot },
): Promise<ProofLine> {
  const own = ownObjects(before, route);
  const there = await stillThere(kube, own);
  const isLeft = ({ recorded, now }: (typeof there)[number]) =>
    isSame(recorded, now) && !isTakenOver(recorded, { object: now as unknown as Record<string, Json> });
  const left = there.filter(isLeft).map(({ recorded }) => recorded);
  const orphans = (await observe(kube, run)).objects.filter((entry) => isLabelled(entry, route));
  const names = [...new Set([...orphans, ...left].map(recordedName))];
  if (names.length > 0) {
    const message = `In cluster ${run.cluster} objects of the old control plane are still there: ${named(names, 8)}.`;
    throw failure('OldRevisionInUse', message);
  }
  const foreign = there.map(({ recorded }) => recordedName(recorded));
  const alone =
    foreign.length === 0 ? '' : `; made anew or taken over by somebody else and left alone: ${foreign.join(', ')}`;
  return {
    name: 'nothing of the old revision is left',
    ok: true,
    detail: `${own.length - foreign.length} objects removed, a backup is kept with the run${alone}`,
  };
}
