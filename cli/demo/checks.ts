import { setTimeout as delay } from 'node:timers/promises';
import type { ProofLine } from '../../domain/run.js';
import { proxyTag, type DryRun, type Kubectl } from './kubectl.js';
import { differences, type MeshPicture } from './mesh-picture.js';
import type { PodTable } from './report.js';

/** Written out here and not taken from the catalogue: the demo checks by what the world knows of this release. */
export const TARGET = { version: '1.6.14-asm.2', revision: 'asm-1614-2', deployment: 'istiod-asm-1614-2' } as const;
const SOURCE = { version: '1.6.13', deployment: 'istiod' } as const;

const PROBE_NAMESPACE = 'meshlift-demo-probe';
/** A new namespace gets its service account, which every pod needs, a moment later. */
const PROBE_ATTEMPTS = 50;
const PROBE_EVERY_MS = 200;

/** Checks, through kubectl alone, that the mesh is on the new version and whole. */
export async function checkUpgraded(kubectl: Kubectl, before: MeshPicture, after: MeshPicture): Promise<ProofLine[]> {
  return [
    ...podsMoved(before.pods, after.pods),
    ...(await controlPlanes(kubectl, { present: TARGET.deployment, absent: SOURCE.deployment })),
    ...(await validation(kubectl)),
    await newNamespaceGetsSidecar(kubectl),
  ];
}

/** Checks, through kubectl alone, that everything is as it was. */
export async function checkRolledBack(kubectl: Kubectl, before: MeshPicture, after: MeshPicture): Promise<ProofLine[]> {
  return [
    podsAsBefore(before.pods, after.pods),
    ...(await controlPlanes(kubectl, { present: SOURCE.deployment, absent: TARGET.deployment })),
    ...differences(before, after).map(({ name, differing }) => ({
      name: `${name} as before`,
      ok: differing.length === 0,
      detail: differing.length === 0 ? 'equal' : `different: ${differing.join(', ')}`,
    })),
    ...(await validation(kubectl)),
  ];
}

/** Every pod that had the old sidecar has the new one, and none was lost. */
export function podsMoved(before: PodTable, after: PodTable): ProofLine[] {
  const count = (table: PodTable, tag: string) => Object.values(table).reduce((sum, row) => sum + (row[tag] ?? 0), 0);
  const left = Object.entries(after).filter(([, row]) => SOURCE.version in row);
  const missing = Object.entries(before)
    .filter(([namespace, row]) => (row[SOURCE.version] ?? 0) > (after[namespace]?.[TARGET.version] ?? 0))
    .map(([namespace]) => namespace);
  return [
    {
      name: `no pod on ${SOURCE.version}`,
      ok: left.length === 0,
      detail: left.length === 0 ? 'none left' : `left in ${left.map(([namespace]) => namespace).join(', ')}`,
    },
    {
      name: `pods on ${TARGET.version}`,
      ok: missing.length === 0 && count(after, TARGET.version) > 0,
      detail:
        missing.length === 0
          ? `${count(before, SOURCE.version)} before, ${count(after, TARGET.version)} now`
          : `too few in ${missing.join(', ')}`,
    },
  ];
}

/** As many pods of each version in each namespace as before. */
export function podsAsBefore(before: PodTable, after: PodTable): ProofLine {
  const namespaces = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const other = namespaces.filter((name) => !sameRow(before[name] ?? {}, after[name] ?? {}));
  const detail = other.length === 0 ? 'the same in every namespace' : `different in ${other.join(', ')}`;
  return { name: 'pods by proxy version as before', ok: other.length === 0, detail };
}

function sameRow(one: Readonly<Record<string, number>>, two: Readonly<Record<string, number>>): boolean {
  const tags = new Set([...Object.keys(one), ...Object.keys(two)]);
  return [...tags].every((tag) => (one[tag] ?? 0) === (two[tag] ?? 0));
}

async function controlPlanes(kubectl: Kubectl, wanted: { present: string; absent: string }): Promise<ProofLine[]> {
  const deployments = await kubectl.list('deployments', '--namespace=istio-system', '--selector=app=istiod');
  const names = deployments.map(({ metadata }) => metadata.name);
  const detail = `there: ${names.join(', ') || 'none'}`;
  return [
    { name: `Deployment ${wanted.present} is there`, ok: names.includes(wanted.present), detail },
    { name: `Deployment ${wanted.absent} is not there`, ok: !names.includes(wanted.absent), detail },
  ];
}

async function validation(kubectl: Kubectl): Promise<ProofLine[]> {
  const server = { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['shop.example'] };
  const valid = await kubectl.dryRunCreate(gateway([server]));
  const invalid = await kubectl.dryRunCreate(gateway([]));
  const configurations = await kubectl.list('validatingwebhookconfigurations');
  const policies = configurations.flatMap(({ webhooks = [] }) =>
    webhooks.map((entry) => String(entry['failurePolicy'])),
  );
  return [
    { name: 'a valid Gateway is accepted', ok: valid.accepted, detail: valid.answer },
    {
      name: 'an invalid Gateway is denied by the webhook',
      ok: !invalid.accepted && invalid.answer.includes('validation.istio.io'),
      detail: invalid.answer,
    },
    {
      name: 'failurePolicy of validation',
      ok: policies.length > 0 && policies.every((policy) => policy === 'Fail'),
      detail: [...new Set(policies)].join(', ') || 'no webhook',
    },
  ];
}

async function newNamespaceGetsSidecar(kubectl: Kubectl): Promise<ProofLine> {
  const labels = { 'istio.io/rev': TARGET.revision };
  await kubectl.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: PROBE_NAMESPACE, labels } });
  try {
    const answer = await probePod(kubectl);
    const tag = answer.object === null ? answer.answer : proxyTag(answer.object);
    return { name: 'a new namespace gets the new sidecar', ok: tag === TARGET.version, detail: `sidecar: ${tag}` };
  } finally {
    await kubectl.deleteNamespace(PROBE_NAMESPACE);
  }
}

async function probePod(kubectl: Kubectl): Promise<DryRun> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probe', namespace: PROBE_NAMESPACE },
    spec: { containers: [{ name: 'app', image: 'registry.example/probe:1' }] },
  };
  let answer = await kubectl.dryRunCreate(pod);
  for (let attempt = 1; attempt < PROBE_ATTEMPTS && /service ?account/i.test(answer.answer); attempt++) {
    await delay(PROBE_EVERY_MS);
    answer = await kubectl.dryRunCreate(pod);
  }
  return answer;
}

function gateway(servers: readonly object[]): object {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'Gateway',
    metadata: { name: 'meshlift-demo-probe', namespace: 'default' },
    spec: { selector: { istio: 'ingressgateway' }, servers },
  };
}
