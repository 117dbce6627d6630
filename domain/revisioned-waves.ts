import { ISTIO_NAMESPACE } from './names.js';
import { inOrder, placeOf } from './gateways.js';
import type { DetectedMesh, GatewayDeployment, NamespaceInjection, NodeAgent, TagMove, Wave } from './plan.js';
import { planTags } from './tag-moves.js';
import { askOf, revisionServing, tagsOf, type Ask } from './tags.js';
import { gatewayProblems } from './policy/gateways.js';
import type { WaveProblem } from './wave-problem.js';
import { divideIntoWaves, podsWithSidecar, type WaveOptions } from './waves.js';

/** How a mesh of current Istio is moved. */
export interface RevisionedWaves {
  readonly waves: readonly Wave[];
  readonly tags: readonly TagMove[];
  readonly problems: readonly WaveProblem[];
}

interface Revisions {
  readonly from: string;
  readonly to: string;
}

/**
 * Canary, the rest, and the gateways last (pitfalls 4d), with the tags that begin each wave. Without a choice the canary is
 * what the mesh itself calls so: the namespaces of a tag such as `prod-canary`; else the one with the fewest pods. From a revision
 * to itself means in place.
 */
export function divideRevisioned(mesh: DetectedMesh, { from, to }: Revisions, options: WaveOptions): RevisionedWaves {
  const inPlace = from === to;
  // istioctl has then replaced all that it owns with the control plane; a release of Helm stands for itself.
  const allAtOnce = inPlace && mesh.controlPlanes.find(({ revision }) => revision === from)?.installer !== 'helm';
  const tags = tagsOf(mesh);
  const movable = mesh.namespaces.filter((entry) => {
    const serving = revisionServing(entry, tags);
    return entry.namespace !== ISTIO_NAMESPACE && (serving === from || serving === to);
  });
  const asks = new Map(movable.map((entry) => [entry.namespace, askOf(entry, tags)]));
  const gateways = inOrder(mesh.gatewayDeployments ?? []);
  const ofGateways = movable.filter((entry) => holdsOnlyGateways(entry, gateways));
  const others = movable.filter((entry) => !ofGateways.includes(entry));
  const canary = options.canary ?? canaryByTag(others, asks, options.exclude);
  const divided = divideIntoWaves(others, { ...options, ...(canary && { canary }) });
  const isIncluded = (namespace: string) => !options.exclude.includes(namespace);
  const included = gateways.filter((gateway) => isIncluded(placeOf(gateway).namespace));
  const isWithNodes = ({ waypoint }: GatewayDeployment) => waypoint === true && !allAtOnce;
  const withNodes = withAgents(divided.waves, allAtOnce ? [] : (mesh.nodeAgents ?? []), included.filter(isWithNodes));
  const untagged = withGateways(withNodes, {
    namespaces: ofGateways.map(({ namespace }) => namespace).filter(isIncluded),
    gateways: included.filter((gateway) => !isWithNodes(gateway)),
  });
  // In place tags stay where they are.
  const moves = inPlace ? [] : planTags(mesh, from, untagged);
  const waves = untagged.map((wave) => withTags(wave, moves));
  const problems = [
    ...divided.problems,
    ...tornApart(asks, moves, waves, options.exclude),
    ...timeProblems(included, options, allAtOnce),
  ];
  return { waves, tags: moves, problems };
}

function timeProblems(
  gateways: readonly GatewayDeployment[],
  { policy }: WaveOptions,
  allAtOnce: boolean,
): WaveProblem[] {
  return gateways.length === 0 ? [] : gatewayProblems(policy, allAtOnce ? 'withControlPlane' : 'lastWave');
}

function canaryByTag(
  movable: readonly NamespaceInjection[],
  asks: ReadonlyMap<string, Ask | null>,
  exclude: readonly string[],
): string[] | undefined {
  const found = movable.filter((entry) => {
    const ask = asks.get(entry.namespace);
    return ask?.by === 'tag' && ask.tag.includes('canary') && !exclude.includes(entry.namespace);
  });
  const runs = found.some((entry) => podsWithSidecar(entry) > 0);
  return runs ? found.map(({ namespace }) => namespace) : undefined;
}

/** Its label would bring the next pod of a gateway to the new revision, so it moves with them. */
function holdsOnlyGateways(
  { namespace, podsByRevision, workloads }: NamespaceInjection,
  gateways: readonly GatewayDeployment[],
) {
  const own = gateways.filter((gateway) => placeOf(gateway).namespace === namespace);
  return own.length > 0 && own.length === workloads && podsByRevision === undefined;
}

/**
 * What runs on every node is shared by all revisions and replaced in place: after the workloads, so that a rollback up to there never
 * touches it, and before the gateways. The waypoints of ambient namespaces follow it (docs of Istio: CRDs, istiod, CNI, ztunnel,
 * waypoints).
 */
function withAgents(
  waves: readonly Wave[],
  agents: readonly NodeAgent[],
  waypoints: readonly GatewayDeployment[],
): Wave[] {
  if (agents.length === 0 && waypoints.length === 0) return [...waves];
  const before = waves.filter(({ namespaces }) => namespaces.length > 0);
  return [
    ...before.map((wave) => ({ ...wave, gate: wave.name })),
    {
      name: 'nodes',
      namespaces: [],
      gate: 'finalize',
      ...(agents.length > 0 && { agents }),
      ...(waypoints.length > 0 && { gateways: waypoints }),
    },
  ];
}

function withGateways(
  waves: readonly Wave[],
  { namespaces, gateways }: Required<Pick<Wave, 'namespaces' | 'gateways'>>,
): Wave[] {
  if (gateways.length === 0) return [...waves];
  const before = waves.filter(({ namespaces, name }) => namespaces.length > 0 || name === 'nodes');
  return [
    ...before.map((wave) => ({ ...wave, gate: wave.name })),
    { name: 'gateways', namespaces, gate: 'finalize', gateways },
  ];
}

function withTags(wave: Wave, moves: readonly TagMove[]): Wave {
  const tags = moves.filter((move) => move.wave === wave.name).map(({ tag }) => tag);
  return tags.length === 0 ? wave : { ...wave, tags };
}

/** Namespaces that cannot stay apart from others, because one tag decides over both. */
function tornApart(
  asks: ReadonlyMap<string, Ask | null>,
  moves: readonly TagMove[],
  waves: readonly Wave[],
  exclude: readonly string[],
): WaveProblem[] {
  const waveOf = (namespace: string) => waves.find(({ namespaces }) => namespaces.includes(namespace))?.name;
  return moves.flatMap(({ tag, wave, namespaces }) => [
    ...namespaces
      .filter((namespace) => wave !== 'finalize' && exclude.includes(namespace))
      .map((namespace) => ({
        namespace,
        message: `Excluded namespace ${namespace} asks for tag ${tag}, which the run moves for others: its next pods would get the new sidecar. Give it the label istio.io/rev of its revision first.`,
      })),
    ...namespaces
      .filter((namespace) => asks.get(namespace)?.by === 'pods' && (waveOf(namespace) ?? wave) !== wave)
      .map((namespace) => ({
        namespace,
        message: `Namespace ${namespace} has no label of its own: its pods follow tag ${tag}, which moves in wave ${wave}, so it cannot be in an earlier one.`,
      })),
  ]);
}
