import { createHash } from 'node:crypto';
import type { DriverName } from '../../domain/driver.js';
import { inPlaceCommands } from '../../domain/in-place-commands.js';
import { plannedCommands } from '../../domain/planned-commands.js';
import {
  driverOf,
  isInPlace,
  type DetectedMesh,
  type Finding,
  type OverlayFile,
  type Plan,
  type UpgradeRequest,
} from '../../domain/plan.js';
import { effectivePolicy } from '../../domain/policy/effective.js';
import type { Release } from '../../domain/release.js';
import { revisionedCommands } from '../../domain/revisioned-commands.js';
import { gatewayProblems } from '../../domain/policy/gateways.js';
import type { Policy } from '../../domain/policy/schema.js';
import { stepsOf, withPolicy } from '../../domain/policy/waves-of-plan.js';
import { divideRevisioned, type RevisionedWaves } from '../../domain/revisioned-waves.js';
import type { WaveProblem } from '../../domain/wave-problem.js';
import { divideIntoWaves, movableNamespaces, podsWithSidecar, type WaveOptions } from '../../domain/waves.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { meshDriver } from '../mesh/drivers/index.js';
import { digestOverlays } from '../releases/kept-overlays.js';
import { chooseSource, gateFindings } from './control-planes.js';
import { detectMesh } from './detect-mesh.js';
import { withSourceArchive } from './source-archive.js';

/** The guide's own figures: about 100 pods a minute, five to ten minutes for the control plane. */
const PODS_PER_MINUTE = 100;
const CONTROL_PLANE_MINUTES = { from: 5, to: 10 };

/** Guide, steps 0 to 2: what the run would do, or why it must not begin. Changes nothing. */
export function createMakePlan(context: ActivityContext): Activities['makePlan'] {
  return async (request) => {
    const { kube } = context.access(request.cluster);
    const release = context.release(request.release);
    const overlays = await digestOverlays(context, request.options.overlays);
    const withLabels = request.options.policy.waves?.some(({ selector }) => selector !== undefined) === true;
    const plan = planOf(request, release, await detectMesh(request.cluster, kube, { withLabels }), overlays);
    return withSourceArchive(plan, context.catalogue);
  };
}

/** Computes the plan of a request for a mesh. Pure, but for the hash. */
export function planOf(
  request: UpgradeRequest,
  release: Release,
  mesh: DetectedMesh,
  overlays: readonly OverlayFile[] = [],
): Plan {
  const { findings, route, target, from } = wayTo(release, request, mesh);
  const names = { from, to: target.revision };
  const policy = effectivePolicy(request.options);
  const { waves: divided, tags, problems } = wavesOf(release.driver, mesh, names, { ...request.options, policy });
  const waves = withPolicy(divided, policy);
  const included = new Set(waves.flatMap(({ namespaces }) => namespaces));
  const namespaces = mesh.namespaces.filter(({ namespace }) => included.has(namespace));
  const pods = namespaces.reduce((sum, entry) => sum + podsWithSidecar(entry), 0);
  const body = {
    cluster: request.cluster,
    release: release.version,
    route,
    options: request.options,
    policy,
    ...(overlays.length > 0 && { overlays }),
    findings: [...findings, ...problems.map(wrongWave)],
    waves,
    ...(tags.length > 0 && { tags }),
    commands:
      route === null ? [] : commandsOf({ release: target, options: request.options, waves, tags, route }, policy),
    totals: {
      namespaces: included.size,
      workloads: namespaces.reduce((sum, { workloads }) => sum + workloads, 0),
      pods,
    },
    estimateMinutes: {
      from: CONTROL_PLANE_MINUTES.from,
      to: CONTROL_PLANE_MINUTES.to + Math.ceil(pods / PODS_PER_MINUTE),
    },
  };
  return { ...body, hash: hashOf(body) };
}

/** The way to a release, or why there is none. In place the target has the revision of the source. */
function wayTo(release: Release, request: UpgradeRequest, mesh: DetectedMesh) {
  const { inPlace } = request.options;
  const { source, others } = chooseSource(mesh.controlPlanes, release, inPlace);
  if (source === null) return { findings: [noSource(request, mesh)], route: null, target: release, from: '' };
  const findings = [...gateFindings(source, others, release), ...(inPlace ? refusedInPlace(release) : [])];
  const target = inPlace ? { ...release, revision: source.revision } : release;
  const route = findings.length > 0 ? null : meshDriver(release.driver).detect(source, target);
  return { findings, route, target, from: source.revision };
}

function wavesOf(
  driver: DriverName,
  mesh: DetectedMesh,
  names: { readonly from: string; readonly to: string },
  options: WaveOptions,
): RevisionedWaves {
  if (driver === 'istio-revisioned') return divideRevisioned(mesh, names, options);
  const { waves, problems } = divideIntoWaves(movableNamespaces(mesh, names), options);
  // The guide's installation brings the gateway with the control plane.
  const late = mesh.gateways.length === 0 ? [] : gatewayProblems(options.policy, 'withControlPlane');
  return { waves, problems: [...problems, ...late], tags: [] };
}

function commandsOf({ waves, ...rest }: Parameters<typeof revisionedCommands>[0], policy: Policy): string[] {
  const planned = { ...rest, waves: waves.map((wave) => ({ ...wave, gates: stepsOf(wave, policy) })) };
  const { release, options, route } = planned;
  if (isInPlace(route)) return inPlaceCommands(planned);
  const isRevisioned = driverOf(route) === 'istio-revisioned';
  return isRevisioned ? revisionedCommands(planned) : plannedCommands(release, options, planned.waves, route);
}

function noSource({ cluster }: UpgradeRequest, mesh: DetectedMesh): Finding {
  const only = mesh.controlPlanes[0];
  return only === undefined
    ? {
        check: 'MESH001',
        severity: 'blocker',
        reason: 'UnsupportedSource',
        message: `Cluster ${cluster} has no istiod in istio-system.`,
        remedy: 'Check that the registered context is the user cluster that carries the mesh.',
      }
    : {
        check: 'MESH001',
        severity: 'blocker',
        reason: 'NothingToDo',
        message: `Cluster ${cluster} runs ${only.version} as revision ${only.revision} already.`,
        remedy: 'Nothing needs to be done.',
      };
}

/** The guide's path brings its own way of installing beside the old one, and its installers differ too much to go back in place. */
function refusedInPlace({ driver, version }: Release): Finding[] {
  if (driver === 'istio-revisioned') return [];
  return [
    {
      check: 'MESH059',
      severity: 'blocker',
      reason: 'InPlaceRefused',
      message: `Release ${version} is installed beside the old control plane only, as its guide says.`,
      remedy: 'Plan without --in-place.',
    },
  ];
}

function wrongWave({ message, remedy }: WaveProblem): Finding {
  return {
    check: 'MESH002',
    severity: 'blocker',
    reason: remedy === undefined ? 'UnknownNamespace' : 'WavesImpossible',
    message,
    remedy: remedy ?? 'Name a namespace with istio-injection=enabled or with the revision of the old control plane.',
  };
}

/** Two plans that would do the same have the same hash, whenever they were made. */
function hashOf(body: Omit<Plan, 'hash'>): string {
  const { route, options, policy, overlays, waves, tags, cluster, release, commands } = body;
  return createHash('sha256')
    .update(JSON.stringify({ cluster, release, route, options, policy, overlays, waves, tags, commands }))
    .digest('hex');
}
