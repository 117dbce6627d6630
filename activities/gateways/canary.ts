import { CANARY_LABEL, canaryName } from '../../domain/gateways.js';
import { REVISION_LABEL } from '../../domain/names.js';
import { desiredPods } from '../../domain/rollout.js';
import type { WorkloadRef } from '../../domain/workload.js';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import { failure } from '../failure.js';
import type { KubeObject } from '../kube/types.js';
import { asWorkload } from '../workloads/owned-pods.js';
import { patchCommand, workloadCollection, workloadResource } from '../workloads/resources.js';
import type { MoveInput } from '../workloads/watch-workload.js';
import { followProxies } from './follow-proxies.js';

/** What a canary is made for. */
export interface CanaryInput extends MoveInput {
  /** Revision whose proxy it runs. */
  readonly revision: string;
}

/**
 * Brings up `<gateway>-<revision>` beside an injected gateway, behind the same Services: first one pod, and only when that one serves
 * as many as the gateway has. From then on half of the traffic goes through the new proxy, and the gateway can lose all its own
 * pods without any loss. Its owner's objects are not touched (ADR 0010).
 * @throws FailedCreate when a Deployment of that name is somebody else's; the reason words of `followProxies`
 */
export async function raiseCanary(
  context: ActivityContext,
  input: CanaryInput,
  gateway: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  const ref = canaryRef(input);
  await createCanary(context, input, gateway, ref);
  await followProxies(context, { ...input, workload: ref }, signal);
  const atLeast = desiredPods('Deployment', asWorkload(gateway));
  await scaleCanary(context, input, ref, atLeast);
  await followProxies(context, { ...input, workload: ref }, signal, { atLeast });
}

/** Takes the canary away again, if there is one: the gateway itself is whole by then. */
export async function removeCanary(context: ActivityContext, input: CanaryInput): Promise<void> {
  const ref = canaryRef(input);
  const { kube } = context.access(input.run.cluster);
  const found = await kube.get(workloadResource(ref));
  if (found === null || !isCanaryOf(found, input.workload)) return;
  const argv = ['kubectl', 'delete', 'deployment', ref.name, '-n', ref.namespace];
  const intent = { id: `gateway-canary/${ref.namespace}/${ref.name}/remove`, argv, mutating: true };
  await recordOperation(context.journal, input.run, intent, async () => {
    const { uid = '' } = found.metadata;
    const deleted = await kube.delete(workloadResource(ref), { uid, propagation: 'Background' });
    return { outcome: deleted ? 'succeeded' : 'unchanged', value: undefined };
  });
}

function canaryRef({ workload, revision }: CanaryInput): WorkloadRef {
  return { ...workload, name: canaryName(workload.name, revision) };
}

function isCanaryOf({ metadata }: KubeObject, { name }: WorkloadRef): boolean {
  return metadata.labels?.[CANARY_LABEL] === name;
}

async function createCanary(context: ActivityContext, input: CanaryInput, gateway: KubeObject, ref: WorkloadRef) {
  const { kube } = context.access(input.run.cluster);
  const argv = ['kubectl', 'create', '-n', ref.namespace, '-f', `(canary of deployment ${input.workload.name})`];
  const intent = { id: `gateway-canary/${ref.namespace}/${ref.name}/create`, argv, mutating: true };
  await recordOperation(context.journal, input.run, intent, async () => {
    const found = await kube.get(workloadResource(ref));
    if (found !== null && isCanaryOf(found, input.workload)) return { outcome: 'unchanged', value: undefined };
    if (found !== null) {
      const message = `Deployment ${ref.namespace}/${ref.name} of cluster ${input.run.cluster} is not Meshlift's, and has the name that the canary of gateway ${input.workload.name} would have.`;
      throw failure('FailedCreate', message);
    }
    await kube.create(workloadCollection(ref.kind, ref.namespace), manifestOf(gateway, ref, input.revision));
    return { outcome: 'succeeded', value: undefined };
  });
}

async function scaleCanary(context: ActivityContext, { run }: CanaryInput, ref: WorkloadRef, replicas: number) {
  const { kube } = context.access(run.cluster);
  const patch = { spec: { replicas } };
  const intent = {
    id: `gateway-canary/${ref.namespace}/${ref.name}/scale`,
    argv: patchCommand(ref, patch),
    mutating: true,
  };
  await recordOperation(context.journal, run, intent, async () => {
    const found = await kube.get(workloadResource(ref));
    if (found !== null && desiredPods('Deployment', asWorkload(found)) >= replicas)
      return { outcome: 'unchanged', value: undefined };
    await kube.mergePatch(workloadResource(ref), patch);
    return { outcome: 'succeeded', value: undefined };
  });
}

/**
 * The gateway's own pods under another name. The Deployment has none of the labels and annotations of its owner, so that no GitOps
 * tool takes it for a part of what it keeps; the pods have all of them, because Services and budgets select by those.
 */
function manifestOf(gateway: KubeObject, ref: WorkloadRef, revision: string): object {
  const { spec } = gateway as unknown as { readonly spec: DeploymentSpec };
  const { metadata = {}, ...template } = spec.template;
  const own = { [CANARY_LABEL]: gateway.metadata.name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: ref.name, namespace: ref.namespace, labels: own },
    spec: {
      ...spec,
      replicas: 1,
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, ...own } },
      template: {
        ...template,
        metadata: { ...metadata, labels: { ...metadata.labels, ...own, [REVISION_LABEL]: revision } },
      },
    },
  };
}

interface DeploymentSpec {
  readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly template: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
}
