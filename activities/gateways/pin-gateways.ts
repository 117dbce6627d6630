import { placeOf } from '../../domain/gateways.js';
import { REVISION_LABEL } from '../../domain/names.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import { untilHolds } from '../mesh/deployment-state.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { asWorkload } from '../workloads/owned-pods.js';
import { askForRevision, declaredOf } from './declared.js';
import { followProxies } from './follow-proxies.js';
import { deploymentResource } from './gateways.js';
import { proxyOf } from './move-gateway.js';

/** istiod copies the labels of a Gateway to its pods within moments, unless it is told not to. */
const COPIED_WITHIN_SECONDS = 10;

type PinInput = Parameters<Activities['pinGateway']>[0];

/**
 * Gives a Gateway of the Gateway API a label of its own with the revision that serves it: else a tag, or the label of its namespace,
 * would replace its proxies the moment that one moves, with nobody watching (istio #59959). istiod copies the label to the pods, so
 * they are rolled once, with the same proxy; that is watched as well.
 */
export function createPinGateway(context: ActivityContext): Activities['pinGateway'] {
  return (input) => heartbeating((signal) => ask(context, input, () => input.route[input.side].revision, signal));
}

/**
 * Gives a Gateway the label back that its owner wrote, once that leads to the same revision. One whose owner named the old revision
 * itself keeps the new one's name.
 */
export function createReleaseGateway(context: ActivityContext): Activities['releaseGateway'] {
  return (input) => {
    const { route, side } = input;
    const wish = (recorded: string | null) =>
      side === 'to' && recorded === route.from.revision ? route.to.revision : recorded;
    return heartbeating((signal) => ask(context, input, wish, signal));
  };
}

/** @param wish what the Gateway shall ask for, by what its owner had written */
async function ask(
  context: ActivityContext,
  { run, route, gateway, side, timeoutSeconds }: PinInput,
  wish: (recorded: string | null) => string | null,
  signal: AbortSignal,
): Promise<void> {
  const { gateways = {} } = await readSnapshot(context.dataDir, run);
  const record = gateways[gateway.deployment];
  const declared = record === undefined ? null : declaredOf(gateway.deployment, record);
  if (declared === null) return;
  const wanted = wish(declared.revision);
  const isNew = await askForRevision(context, run, declared, wanted);
  const { kube } = context.access(run.cluster);
  const resource = deploymentResource(gateway);
  const isCopied = async () => {
    const object = await kube.get(resource);
    const labels = object === null ? {} : asWorkload(object).spec.template.metadata?.labels;
    return (labels?.[REVISION_LABEL] ?? null) === wanted ? null : 'not yet';
  };
  if (isNew) await untilHolds(isCopied, { timeoutSeconds: COPIED_WITHIN_SECONDS, signal });
  const workload = { kind: 'Deployment' as const, ...placeOf(gateway) };
  const direction = side === 'to' ? ('forward' as const) : ('back' as const);
  const input = { run, workload, direction, expected: proxyOf(route, side), timeoutSeconds, isOrdered: false };
  await followProxies(context, input, signal, { occasion: `.label-${wanted ?? 'none'}` });
}
