import { DEFAULT_REVISION, INJECTION_LABEL, REVISION_LABEL, revisionSuffix } from './names.js';
import { gateComment } from './policy/gate-words.js';
import type { Route, UpgradeOptions, Wave } from './plan.js';
import { needsSourceArchive, type Release } from './release.js';

/**
 * The commands that a person would type for the same effect, in order: what a plan shows. Meshlift does more than these
 * (it verifies each of them), but nothing else.
 */
export function plannedCommands(
  release: Pick<Release, 'profile' | 'revision'>,
  options: Pick<UpgradeOptions, 'set' | 'overlays' | 'profile'>,
  waves: readonly Wave[],
  route: Route,
): string[] {
  const own = [`--set profile=${options.profile ?? release.profile}`, `--set revision=${release.revision}`];
  const overlays = options.overlays.map((name) => `-f ${name}.yaml`);
  const sets = options.set.map((option) => `--set ${quoted(option)}`);
  return [
    ['istioctl install', ...own, ...overlays, ...sets].join(' '),
    ...waves.flatMap((wave) => [
      ...wave.namespaces.flatMap((namespace) => [
        `kubectl label namespace ${namespace} ${INJECTION_LABEL}- ${REVISION_LABEL}=${route.to.revision} --overwrite`,
        restartCommand(namespace),
      ]),
      gateComment(wave),
    ]),
    ...finalCommands(route),
  ];
}

/** What 1.5 alone has written, and labels with no revision. */
const ONLY_1_5 = [
  'kubectl delete service istio-pilot -n istio-system --ignore-not-found',
  'kubectl delete configmap istio istio-sidecar-injector pilot-envoy-config -n istio-system --ignore-not-found',
  'kubectl delete envoyfilter metadata-exchange-1.4 stats-filter-1.4 -n istio-system --ignore-not-found',
  'kubectl delete envoyfilter metadata-exchange-1.5 stats-filter-1.5 tcp-metadata-exchange-1.5 tcp-stats-filter-1.5 -n istio-system --ignore-not-found',
  'kubectl delete clusterrolebinding istio-pilot-istio-system istiod-istio-system --ignore-not-found',
  'kubectl delete clusterrole istio-pilot-istio-system istio-galley-istio-system --ignore-not-found',
  'kubectl delete serviceaccount istio-pilot-service-account -n istio-system --ignore-not-found',
  'kubectl delete validatingwebhookconfiguration istio-galley --ignore-not-found',
];

/** Guide, step 7, in the order that keeps validation and injection alive. */
function finalCommands({ from, to }: Route): string[] {
  const suffix = revisionSuffix(from.revision);
  const patch = {
    metadata: { labels: { [REVISION_LABEL]: to.revision } },
    spec: { selector: { app: 'istiod', [REVISION_LABEL]: to.revision, istio: null } },
  };
  return [
    `kubectl patch service istiod -n istio-system --type merge -p '${JSON.stringify(patch)}'`,
    `kubectl delete mutatingwebhookconfiguration istio-sidecar-injector${suffix} --ignore-not-found`,
    `kubectl delete deployment,horizontalpodautoscaler,poddisruptionbudget istiod${suffix} -n istio-system --ignore-not-found`,
    ...(needsSourceArchive(from.version)
      ? ONLY_1_5
      : [`kubectl delete configmap,envoyfilter -n istio-system -l ${REVISION_LABEL}=${from.revision}`]),
    `kubectl delete istiooperator installed-state${suffix} -n istio-system --ignore-not-found`,
  ];
}

/**
 * What a person types to bring back the old control plane that finalising has removed, or may have begun to remove.
 * @param runId the run whose folder holds the backup: one manifest per removed object
 */
export function restoreCommands(route: Route, cluster: string, runId: string): string[] {
  const service = { app: 'istiod', istio: 'pilot', [REVISION_LABEL]: null };
  return [
    `kubectl create -f <data folder of the server>/runs/${cluster}/${runId}/backup/`,
    ...(route.from.revision === DEFAULT_REVISION
      ? [
          `kubectl patch service istiod -n istio-system --type merge -p '${JSON.stringify({ spec: { selector: service } })}'`,
        ]
      : []),
  ];
}

/** Only after every namespace is back: the installer of 1.5 removes the new control plane at once (guide, step 6). */
const REINSTALL_1_5 = [
  '# in the kept folder asm-1-5, with a kubectl within one minor of the cluster first in PATH, and the same -f and --set options',
  'bin/istioctl manifest apply --set profile=asm-multicloud',
  '# it may end with "Errors were logged" although all was applied: look at the objects',
];

/**
 * What a person types to go back when Meshlift cannot: the guide's step 6 for what is left, and the clean-up it forgets.
 * @param namespaces those that are not back yet
 */
export function rollbackCommands(route: Route, namespaces: readonly string[]): string[] {
  const { revision } = route.to;
  // A control plane without a revision is asked for by the other label.
  const labels =
    route.from.revision === DEFAULT_REVISION
      ? `${REVISION_LABEL}- ${INJECTION_LABEL}=enabled`
      : `${INJECTION_LABEL}- ${REVISION_LABEL}=${route.from.revision}`;
  return [
    ...namespaces.flatMap((namespace) => [
      `kubectl label namespace ${namespace} ${labels} --overwrite`,
      restartCommand(namespace),
    ]),
    'kubectl rollout history deployment istio-ingressgateway -n istio-system',
    'kubectl rollout undo deployment istio-ingressgateway -n istio-system --to-revision=<the one before the upgrade>',
    ...(needsSourceArchive(route.from.version) ? REINSTALL_1_5 : []),
    `kubectl delete mutatingwebhookconfiguration istio-sidecar-injector-${revision} --ignore-not-found`,
    `kubectl delete service,deployment,horizontalpodautoscaler,poddisruptionbudget istiod-${revision} -n istio-system --ignore-not-found`,
    `kubectl delete configmap,envoyfilter -n istio-system -l ${REVISION_LABEL}=${revision}`,
  ];
}

function quoted(text: string): string {
  return /^[A-Za-z0-9_.,:=/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Guide, step 5.2: what restarts all workloads of a namespace. */
export function restartCommand(namespace: string): string {
  return `kubectl rollout restart deployment,statefulset,daemonset -n ${namespace}`;
}
