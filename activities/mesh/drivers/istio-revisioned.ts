import { DEFAULT_TAG, INJECTION_LABEL, ISTIO_NAMESPACE, REVISION_LABEL, TAG_LABEL } from '../../../domain/names.js';
import { isOwn } from '../../../domain/old-revision.js';
import { pointValidator } from '../../helm/retire.js';
import { isInPlace, type NodeAgentKind } from '../../../domain/plan.js';
import type { KubeClient } from '../../kube/types.js';
import { askingFor, type InjectionLabels } from '../../workloads/injection-labels.js';
import { hasCaBundles } from '../ca-bundles.js';
import { readTags, restoreTags } from '../tags.js';
import type { Installed, InstallStage, MeshDriver } from './driver.js';

/** Lists of gateways in an installation's specification, by the name of the component. */
const GATEWAY_LISTS = ['ingressGateways', 'egressGateways'] as const;

/** Current Istio: any revision to any revision, with tags; gateways come last. */
export const istioRevisioned: MeshDriver = {
  name: 'istio-revisioned',
  detect(source, release) {
    const inPlace = source.revision === release.revision;
    const from = side(source.version, source.revision);
    return {
      driver: 'istio-revisioned',
      ...(source.installer === 'helm' && { installer: 'helm' as const }),
      ...(inPlace && { inPlace }),
      from: inPlace ? { ...from, sidecar: { ...from.sidecar, replaced: true } } : from,
      to: side(release.version, release.revision),
    };
  },
  install: installArguments,
  verify: (kube, { to }) => validatorObstacle(kube, to.revision),
  move: labelsForward,
  restore: restoreTags,
  // Tags and the default validator were moved before, each with its wave or at the beginning of the end.
  retire: (step) => (step.route.installer === 'helm' ? pointValidator(step, 'to') : Promise.resolve()),
  keepsValidation: (recorded, route) => !isOwn(recorded, route),
};

function side(version: string, revision: string) {
  return { version, revision, sidecar: { driver: 'istio-revisioned' as const, revision, proxyTag: version } };
}

/** What each stage leaves out. The gateways are the last; in place nothing can wait, and where there are agents it is refused. */
const LEFT_OUT: Readonly<
  Record<InstallStage, { readonly agents: readonly NodeAgentKind[]; readonly gateways: boolean }>
> = {
  everything: { agents: ['cni', 'ztunnel'], gateways: false },
  controlPlane: { agents: ['cni', 'ztunnel'], gateways: true },
  cni: { agents: ['ztunnel'], gateways: true },
  ztunnel: { agents: [], gateways: true },
  gateways: { agents: [], gateways: false },
};

interface Specification {
  readonly components?: Readonly<Record<string, unknown>>;
}

/**
 * istioctl would replace gateways, and what runs on every node, in place before the first workload has moved, with all traffic on
 * them (istio #26019). They are left out until their time comes. A gateway that the mesh does not have is not added to it, although
 * the profile would.
 */
async function installArguments(stage: InstallStage, { spec, gateways }: Installed): Promise<readonly string[]> {
  const leftOut = LEFT_OUT[stage];
  const { components = {} } = (await spec()) as Specification;
  const present = leftOut.gateways ? [] : await gateways();
  const off = [
    ...GATEWAY_LISTS.flatMap((list) =>
      entriesOf(components[list])
        .map(({ name, namespace = ISTIO_NAMESPACE }, index) => ({ place: `${namespace}/${name}`, index }))
        .filter(({ place }) => !present.includes(place))
        .map(({ index }) => `components.${list}[${index}].enabled=false`),
    ),
    ...leftOut.agents
      .filter((agent) => (components[agent] as { enabled?: boolean } | undefined)?.enabled === true)
      .map((agent) => `components.${agent}.enabled=false`),
  ];
  return ['--skip-confirmation', ...off.flatMap((option) => ['--set', option])];
}

function entriesOf(list: unknown): readonly { readonly name: string; readonly namespace?: string }[] {
  return Array.isArray(list) ? (list as { name: string; namespace?: string }[]) : [];
}

/** Each revision checks the configuration that carries its label; without a certificate nobody could call it. */
async function validatorObstacle(kube: KubeClient, revision: string): Promise<string | null> {
  const { items } = await kube.list(
    { api: 'admissionregistration.k8s.io/v1', plural: 'validatingwebhookconfigurations' },
    { labelSelector: `${REVISION_LABEL}=${revision},!${TAG_LABEL}` },
  );
  return items.every(hasCaBundles) ? null : 'its validation webhook has no CA bundle yet';
}

/**
 * A namespace that asks by a tag keeps its labels once the tag has been moved. Before that it is a canary, which asks for the
 * new revision by name for the time being. In place all of them go on asking as they do.
 */
async function labelsForward(
  kube: KubeClient,
  route: Parameters<MeshDriver['move']>[1],
  recorded: InjectionLabels,
): Promise<InjectionLabels> {
  const { to } = route;
  if (isInPlace(route)) return recorded;
  const { [INJECTION_LABEL]: injection, [REVISION_LABEL]: revision } = recorded;
  // Its pods ask one by one: the default tag, which moves at the beginning of its wave, is all that decides.
  if (injection === null && revision === null) return recorded;
  const asked = injection === null ? revision : DEFAULT_TAG;
  const tag = (await readTags(kube)).find((entry) => entry.tag === asked);
  return tag?.revision === to.revision ? recorded : askingFor(to.revision);
}
