import type { Operation } from '../../domain/journal.js';
import type { DetectedMesh, NamespaceInjection } from '../../domain/plan.js';
import type { Release } from '../../domain/release.js';
import { directSource } from '../../domain/revision-gate.js';
import type { ClusterSummary, RunSummary } from '../client/api-client.js';
import { between } from './elapsed.js';
import { clean, columns, joined } from './text.js';

/** The list of runs, newest first as the server sends it. */
export function renderRuns(runs: readonly RunSummary[]): string {
  return table(
    ['CLUSTER', 'RUN', 'RELEASE', 'PHASE', 'STARTED'],
    runs.map(({ cluster, runId, release, phase, startedAt }) => [
      cluster,
      runId,
      release ?? '-',
      phase ?? '-',
      startedAt,
    ]),
    'There are no runs.',
  );
}

/** The list of registered clusters. */
export function renderClusters(clusters: readonly ClusterSummary[]): string {
  return table(
    ['CLUSTER', 'ROLE', 'LABELS'],
    clusters.map(({ id, role, labels }) => [id, role, pairs(labels) || '-']),
    'No cluster is registered.',
  );
}

/** The catalogue of releases. */
export function renderReleases(releases: readonly Release[]): string {
  return table(
    ['VERSION', 'ROLE', 'REVISION', 'PROFILE', 'KUBERNETES', 'FROM'],
    releases.map((release) => [
      release.version,
      release.role,
      release.revision,
      release.profile,
      `${release.kubernetes.min} to ${release.kubernetes.max}`,
      sourcesOf(release).join(', ') || '-',
    ]),
    'The catalogue is empty.',
  );
}

function sourcesOf({ driver, version, sources }: Release): string[] {
  if (driver !== 'istio-revisioned') return sources.map(({ minor, minPatch }) => `${minor}.${minPatch}+`);
  const minor = directSource(version);
  return minor === null ? [] : [`${minor}.0+`];
}

/** What is in one cluster now. */
export function renderMesh({ cluster, kubernetes, controlPlanes, namespaces, gateways }: DetectedMesh): string {
  return [
    `${clean(cluster)}: Kubernetes ${clean(kubernetes)}\n\n`,
    table(
      ['REVISION', 'VERSION', 'DEPLOYMENT', 'READY'],
      controlPlanes.map(({ revision, version, deployment, ready }) => [
        revision,
        version,
        deployment,
        ready ? 'yes' : 'no',
      ]),
      'There is no control plane.',
    ),
    '\n',
    table(
      ['NAMESPACE', 'INJECTION', 'WORKLOADS', 'PODS BY PROXY'],
      namespaces.map(namespaceRow),
      'There is no namespace.',
    ),
    ...(gateways.length === 0 ? [] : [`\nGateways: ${clean(gateways.join(', '))}\n`]),
  ].join('');
}

/** Every operation of a run, as it could have been typed; of those that failed also the end of their output. */
export function renderOperations(operations: readonly Operation[]): string {
  const rows = columns([
    ['STARTED', 'TOOK', 'OUTCOME', 'COMMAND'],
    ...operations.map(({ startedAt, finishedAt, outcome, argv, progress }) => [
      startedAt,
      finishedAt === null ? '-' : between(startedAt, finishedAt),
      outcome ?? `under way${progress === undefined ? '' : `: ${progress}`}`,
      commandLine(argv),
    ]),
  ]);
  if (operations.length === 0) return 'Nothing has been done yet.\n';
  const [head = '', ...lines] = rows;
  return joined([head, ...lines.flatMap((line, index) => [line, ...tailOf(operations[index])])]);
}

function tailOf(operation: Operation | undefined): string[] {
  if (operation?.outcome !== 'failed') return [];
  return operation.tail
    .split('\n')
    .filter(Boolean)
    .map((line) => `    ${clean(line)}`);
}

/** An argument list as a line for a POSIX shell. */
export function commandLine(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

function namespaceRow({ namespace, injection, revision, workloads, podsByProxy }: NamespaceInjection): string[] {
  const labels = [
    ...(injection === null ? [] : [`istio-injection=${injection}`]),
    ...(revision === null ? [] : [`istio.io/rev=${revision}`]),
  ];
  const pods = Object.entries(podsByProxy).map(([tag, count]) => `${count} x ${tag === 'none' ? 'no sidecar' : tag}`);
  return [namespace, labels.join(', ') || '-', String(workloads), pods.join(', ') || '-'];
}

function pairs(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function table(head: readonly string[], rows: readonly (readonly string[])[], nothing: string): string {
  return rows.length === 0 ? `${nothing}\n` : joined(columns([head, ...rows]));
}
