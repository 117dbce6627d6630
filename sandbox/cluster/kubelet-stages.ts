import { stringify } from 'yaml';

/** Annotations on a pod template that choose how its pods behave. */
export const READY_DELAY = 'sandbox.meshlift.dev/ready-delay';
export const NEVER_READY = 'sandbox.meshlift.dev/never-ready';
export const CRASH = 'sandbox.meshlift.dev/crash';
/** The images of the pod cannot be pulled. */
export const NO_IMAGE = 'sandbox.meshlift.dev/no-image';
/** The pod of a Job ends with a failure. */
export const FAILS = 'sandbox.meshlift.dev/fails';
/** The pod of a Job runs until the annotation is taken from it. */
export const KEEPS_RUNNING = 'sandbox.meshlift.dev/keeps-running';

interface Match {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

const annotation = (name: string) => `.metadata.annotations["${name}"]`;
const LIVE: Match = { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' };
const PENDING: Match = { key: '.status.phase', operator: 'In', values: ['Pending'] };
const IS_ISTIOD: Match = { key: '.metadata.labels["app"]', operator: 'In', values: ['istiod'] };
const NOT_ISTIOD: Match = { ...IS_ISTIOD, operator: 'NotIn' };
const absent = (name: string): Match => ({ key: annotation(name), operator: 'DoesNotExist' });
const present = (name: string): Match => ({ key: annotation(name), operator: 'Exists' });

const OF_A_JOB: readonly Match[] = [
  LIVE,
  { key: '.status.phase', operator: 'In', values: ['Running'] },
  { key: '.metadata.ownerReferences.[].kind', operator: 'In', values: ['Job'] },
  absent(KEEPS_RUNNING),
];

/** What a simulated kubelet writes into the status of a pod that it has started. */
function runningStatus(containers: 'ready' | 'unready' | 'crashing'): string {
  const ready = containers === 'ready';
  const condition = (type: string, status: boolean) =>
    `- {type: ${type}, status: "${status ? 'True' : 'False'}", lastTransitionTime: {{ $now | Quote }}}`;
  const state =
    containers === 'crashing'
      ? 'state: {waiting: {reason: CrashLoopBackOff, message: "back-off 10s restarting failed container"}}'
      : 'state: {running: {startedAt: {{ $now | Quote }}}}';
  return `{{ $now := Now }}
conditions:
${condition('Initialized', true)}
${condition('Ready', ready)}
${condition('ContainersReady', ready)}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: ${ready}
  restartCount: ${containers === 'crashing' ? 3 : 0}
  ${state}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: true
  restartCount: 0
  {{ if eq .restartPolicy "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, finishedAt: {{ $now | Quote }}, startedAt: {{ $now | Quote }}}}
  {{ end }}
{{ end }}
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ index . 0 | Quote }}
{{ end }}
{{ with PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
phase: Running
startTime: {{ $now | Quote }}
`;
}

function stage(name: string, matches: readonly Match[], next: object, delayAnnotation?: string): object {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind: 'Pod' },
      selector: { matchExpressions: matches },
      ...(delayAnnotation === undefined
        ? {}
        : { delay: { durationMilliseconds: 1000, durationFrom: { expressionFrom: annotation(delayAnnotation) } } }),
      next,
    },
  };
}

const IMAGE_PULL_FAILED = `containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  state: {waiting: {reason: ImagePullBackOff, message: "Back-off pulling image"}}
{{ end }}
phase: Pending
`;

const ENDINGS = {
  Succeeded: 'exitCode: 0, reason: Completed',
  Failed: 'exitCode: 1, reason: Error',
};

const endedStatus = (phase: keyof typeof ENDINGS) => `{{ $now := Now }}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  started: false
  state: {terminated: {${ENDINGS[phase]}, finishedAt: {{ $now | Quote }}, startedAt: {{ $now | Quote }}}}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: {{ ne .restartPolicy "Always" }}
  restartCount: 0
  started: false
  state: {terminated: {exitCode: 0, reason: Completed, finishedAt: {{ $now | Quote }}, startedAt: {{ $now | Quote }}}}
{{ end }}
phase: ${phase}
`;

const NODE_STATUS = `{{ $now := Now }}
{{ $since := or .metadata.creationTimestamp $now }}
conditions:
{{ range NodeConditions }}
- lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $since | Quote }}
  message: {{ .message | Quote }}
  reason: {{ .reason | Quote }}
  status: {{ .status | Quote }}
  type: {{ .type | Quote }}
{{ end }}
addresses:
{{ with NodeIP }}
- {address: {{ . | Quote }}, type: InternalIP}
{{ end }}
phase: Running
`;

/** A node is Ready at once, and says so again often enough for the node controller. */
function nodeStages(): object[] {
  const ready = (operator: Match['operator']): Match => ({
    key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
    operator,
    values: ['True'],
  });
  const node = (name: string, match: Match, rest: object) => ({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind: 'Node' },
      selector: { matchExpressions: [match] },
      next: { statusTemplate: NODE_STATUS },
      ...rest,
    },
  });
  return [
    node('node-ready', ready('NotIn'), {}),
    node('node-heartbeat', ready('In'), { delay: { durationMilliseconds: 15_000 }, immediateNextStage: true }),
  ];
}

/**
 * One process stands for all kubelets: what they would do beside each other, it must not do in turn. What else is here is
 * kwok's own default, which it forgets when it is given anything.
 */
const CONFIGURATION = {
  apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
  kind: 'KwokConfiguration',
  options: { podPlayStageParallelism: 32, nodePlayStageParallelism: 4, nodeLeaseParallelism: 4, cidr: '10.0.0.0/24' },
};

/**
 * kwok's stages: how the simulated kubelets bring pods up. Ordinary pods are Ready at once. A pod of istiod gets its
 * address but is never made ready here: its readiness follows the real process (sandbox/istiod).
 */
export function kubeletStages(): string {
  const ordinary = [LIVE, PENDING, NOT_ISTIOD];
  const wellBehaved = [absent(NEVER_READY), absent(CRASH), absent(NO_IMAGE)];
  const stages = [
    stage('pod-ready', [...ordinary, ...wellBehaved, absent(READY_DELAY)], { statusTemplate: runningStatus('ready') }),
    stage(
      'pod-ready-late',
      [...ordinary, ...wellBehaved, present(READY_DELAY)],
      { statusTemplate: runningStatus('ready') },
      READY_DELAY,
    ),
    stage('pod-never-ready', [...ordinary, present(NEVER_READY)], { statusTemplate: runningStatus('unready') }),
    stage('pod-crash', [...ordinary, present(CRASH)], { statusTemplate: runningStatus('crashing') }),
    stage(
      'pod-no-image',
      // Such a pod stays Pending: without this it would be written for ever.
      [...ordinary, present(NO_IMAGE), { key: '.status.containerStatuses', operator: 'DoesNotExist' }],
      { statusTemplate: IMAGE_PULL_FAILED },
    ),
    stage('istiod-started', [LIVE, PENDING, IS_ISTIOD], { statusTemplate: runningStatus('unready') }),
    stage('job-complete', [...OF_A_JOB, absent(FAILS)], { statusTemplate: endedStatus('Succeeded') }),
    stage('job-failed', [...OF_A_JOB, present(FAILS)], { statusTemplate: endedStatus('Failed') }),
    stage('pod-delete', [{ key: '.metadata.deletionTimestamp', operator: 'Exists' }], { delete: true }),
  ];
  return [CONFIGURATION, ...nodeStages(), ...stages].map((document) => stringify(document)).join('---\n');
}
