import { INJECTION_LABEL, REVISION_LABEL } from './names.js';
import type { Route, TagMove, UpgradeOptions, Wave } from './plan.js';
import type { Release } from './release.js';

interface Planned {
  readonly release: Pick<Release, 'profile' | 'revision'>;
  readonly options: Pick<UpgradeOptions, 'set' | 'overlays'>;
  readonly waves: readonly Wave[];
  readonly tags: readonly TagMove[];
  readonly route: Route;
}

/** The commands that a person would type to upgrade current Istio, in order: what a plan shows. */
export function revisionedCommands({ release, options, waves, tags, route }: Planned): string[] {
  const { revision } = route.to;
  const moved = new Set<string>();
  const tagged = (namespace: string) => tags.find(({ namespaces }) => namespaces.includes(namespace))?.tag;
  return [
    ['istioctl install', '--skip-confirmation', ...installOptions(release, options)].join(' '),
    ...waves.flatMap((wave) => [
      ...(wave.tags ?? []).map((tag) => {
        moved.add(tag);
        return tagCommand(tag, revision);
      }),
      ...wave.namespaces.flatMap((namespace) => [
        ...(moved.has(tagged(namespace) ?? '')
          ? []
          : [`kubectl label namespace ${namespace} ${INJECTION_LABEL}- ${REVISION_LABEL}=${revision} --overwrite`]),
        `kubectl rollout restart deployment,statefulset,daemonset -n ${namespace}`,
      ]),
      ...(wave.gateways ?? []).map((gateway) => `# move gateway ${gateway} and watch it`),
      `# wait for promotion of gate ${wave.gate}`,
    ]),
    ...tags.filter(({ tag }) => !moved.has(tag)).map(({ tag }) => tagCommand(tag, revision)),
    `# remove what belongs to revision ${route.from.revision} alone, one object after the other, with a backup`,
  ];
}

function installOptions({ profile, revision }: Planned['release'], options: Planned['options']): string[] {
  return [
    `--set profile=${profile}`,
    `--set revision=${revision}`,
    ...options.overlays.map((name) => `-f ${name}.yaml`),
    ...options.set.map((option) => `--set '${option}'`),
    '# without gateways: they come last',
  ];
}

function tagCommand(tag: string, revision: string): string {
  return `istioctl tag set ${tag} --revision ${revision} --overwrite`;
}

/** What a person types to go back when Meshlift cannot: tags first, then the namespaces that are not back yet. */
export function revisionedRollbackCommands(
  route: Route,
  tags: readonly TagMove[],
  namespaces: readonly string[],
): string[] {
  return [
    ...tags.map(({ tag }) => tagCommand(tag, route.from.revision)),
    ...namespaces.flatMap((namespace) => [
      `# give namespace ${namespace} the labels back that the run's snapshot.json says it had`,
      `kubectl rollout restart deployment,statefulset,daemonset -n ${namespace}`,
    ]),
    `kubectl get pods -A -o json | grep -c '"${REVISION_LABEL}": "${route.to.revision}"'   # must be 0 before the next line`,
    `istioctl uninstall --revision ${route.to.revision} --skip-confirmation`,
  ];
}
