import { ISTIO_NAMESPACE } from './names.js';
import type { DetectedMesh, NamespaceInjection, UpgradeOptions, Wave } from './plan.js';
import type { Policy } from './policy/schema.js';
import { divideByRules, type WaveSet } from './policy/waves.js';
import type { WaveProblem } from './wave-problem.js';

/** What the waves follow from, besides the cluster. */
export type WaveOptions = Pick<UpgradeOptions, 'canary' | 'exclude'> & {
  readonly policy?: Pick<Policy, 'waves' | 'gateways'>;
};

interface Revisions {
  readonly from: string;
  readonly to: string;
}

/**
 * Namespaces that get their sidecars from the old control plane, by label. Also those that an earlier run has labelled for
 * the new one already: their workloads are checked, and restarted only where something is left to do.
 */
export function movableNamespaces(mesh: DetectedMesh, revisions: Revisions): NamespaceInjection[] {
  return mesh.namespaces.filter((entry) => entry.namespace !== ISTIO_NAMESPACE && isOnEither(entry, revisions));
}

/** `istio-injection` wins over `istio.io/rev` (guide, step 5.1). */
function isOnEither({ injection, revision }: NamespaceInjection, { from, to }: Revisions): boolean {
  if (injection !== null) return injection === 'enabled';
  return revision === from || revision === to;
}

/** How many pods a namespace runs with a sidecar. */
export function podsWithSidecar({ podsByProxy }: NamespaceInjection): number {
  return Object.entries(podsByProxy).reduce((sum, [tag, count]) => (tag === 'none' ? sum : sum + count), 0);
}

/**
 * Divides the namespaces by the rules of the policy; without any into the canary wave and the rest. Without a choice the canary
 * is the namespace with the fewest pods, but at least one: a wave that runs nothing proves nothing.
 */
export function divideIntoWaves(
  movable: readonly NamespaceInjection[],
  options: WaveOptions,
): { waves: Wave[]; problems: WaveProblem[] } {
  const names = new Set(movable.map(({ namespace }) => namespace));
  const included = movable.filter(({ namespace }) => !options.exclude.includes(namespace));
  const rules = options.policy?.waves;
  const { sets, problems } =
    rules === undefined ? withCanary(names, included, options) : divideByRules(included.map(withPods), rules);
  // Without any namespace to move there is still a gate: nobody loses a control plane without having said so.
  const kept = sets.length > 0 ? sets : [{ name: 'rest', namespaces: [] }];
  return {
    waves: kept.map((set, index) => ({ ...set, gate: index === kept.length - 1 ? 'finalize' : set.name })),
    problems: [
      ...problems,
      ...options.exclude
        .filter((name) => !names.has(name))
        .map((namespace) => ({
          namespace,
          message: `Excluded namespace ${namespace} does not get sidecars from the old control plane, or does not exist.`,
        })),
    ],
  };
}

function withPods(entry: NamespaceInjection) {
  return { ...entry, pods: podsWithSidecar(entry) };
}

function withCanary(
  names: ReadonlySet<string>,
  included: readonly NamespaceInjection[],
  options: WaveOptions,
): { sets: WaveSet[]; problems: WaveProblem[] } {
  const canary = [...new Set(options.canary ?? defaultCanary(included))];
  const problems = [
    ...canary
      .filter((name) => !names.has(name))
      .map((namespace) => ({
        namespace,
        message: `Canary namespace ${namespace} does not get sidecars from the old control plane, or does not exist.`,
      })),
    ...canary
      .filter((name) => names.has(name) && options.exclude.includes(name))
      .map((namespace) => ({
        namespace,
        message: `Namespace ${namespace} is both a canary and excluded.`,
      })),
  ];
  const rest = included.map(({ namespace }) => namespace).filter((namespace) => !canary.includes(namespace));
  const sets = [
    { name: 'canary', namespaces: canary.filter((name) => included.some(({ namespace }) => namespace === name)) },
    { name: 'rest', namespaces: rest.sort() },
  ];
  return { sets: sets.filter(({ namespaces }) => namespaces.length > 0), problems };
}

function defaultCanary(included: readonly NamespaceInjection[]): string[] {
  const running = included.filter((entry) => podsWithSidecar(entry) > 0);
  const bySize = [...running].sort(
    (a, b) => podsWithSidecar(a) - podsWithSidecar(b) || a.namespace.localeCompare(b.namespace),
  );
  return bySize.slice(0, 1).map(({ namespace }) => namespace);
}
