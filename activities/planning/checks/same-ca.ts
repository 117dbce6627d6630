import { parse } from 'yaml';
import { DEFAULT_REVISION, inRevision, ISTIO_NAMESPACE } from '../../../domain/names.js';
import type { KubeObject } from '../../kube/types.js';
import { asWorkload } from '../../workloads/owned-pods.js';
import type { Check, CheckInput, Found } from '../check.js';
import { oldIstiod } from './istiod-room.js';

/** Who signs, and for whom. */
const CA_VARIABLES = ['CA_ADDR', 'CA_PROVIDER', 'PILOT_CERT_PROVIDER', 'CA_TRUSTED_NODE_ACCOUNTS', 'EXTERNAL_CA'];

/** Where istiod looks for its root certificate, in its own order. */
const ROOTS = [
  ['cacerts', ['root-cert.pem', 'ca-cert.pem']],
  ['istio-ca-secret', ['ca-cert.pem']],
] as const;

/** Two control planes with different CAs or trust domains cannot talk to each other's workloads: an outage (pitfalls 4b). */
export const sameCa: Check = {
  id: 'MESH040',
  look: async (input) => [...(await differingIdentity(input)), ...(await differingRoot(input))],
};

async function differingIdentity(input: CheckInput): Promise<Found[]> {
  const { target, release, reader, plan, cluster } = input;
  const [{ given }, deployment, configMaps] = await Promise.all([
    target.manifests(),
    oldIstiod(input),
    reader.list('v1', 'configmaps'),
  ]);
  const revision = plan.route?.from.revision ?? DEFAULT_REVISION;
  const oldName = inRevision('istio', revision);
  const oldMap = configMaps.find(({ metadata }) => metadata.namespace === ISTIO_NAMESPACE && metadata.name === oldName);
  const old = { ...identityOf(oldMap), ...signersOf(deployment) };
  const now = {
    ...identityOf(
      given.find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === inRevision('istio', release.revision),
      ),
    ),
    ...signersOf(
      given.find(
        ({ kind, metadata }) => kind === 'Deployment' && metadata.name === inRevision('istiod', release.revision),
      ),
    ),
  };
  const differing = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => old[key] !== now[key]);
  return differing.map((key) => ({
    reason: 'CaDiffers',
    message: `${key} of the old control plane of cluster ${cluster.id} is "${old[key] ?? 'not set'}", of revision ${release.revision} it would be "${now[key] ?? 'not set'}": workloads of one could not talk to those of the other.`,
    remedy: 'Give the new one the same with --set or --overlay; changing a CA is a migration of its own.',
    ...(key === 'trustDomain'
      ? { command: `--set meshConfig.trustDomain=${old[key] ?? ''} --set values.global.trustDomain=${old[key] ?? ''}` }
      : {}),
  }));
}

function identityOf(configMap: KubeObject | undefined): Record<string, string> {
  const text = (configMap?.['data'] as Readonly<Record<string, string>> | undefined)?.['mesh'];
  const mesh = (text === undefined ? {} : parse(text)) as { trustDomain?: string; caAddress?: string };
  return {
    trustDomain: mesh.trustDomain ?? 'cluster.local',
    ...(mesh.caAddress ? { caAddress: mesh.caAddress } : {}),
  };
}

function signersOf(deployment: KubeObject | undefined): Record<string, string> {
  if (deployment === undefined) return {};
  const containers = asWorkload(deployment).spec.template.spec.containers as readonly {
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
  }[];
  const variables = containers.flatMap(({ env = [] }) => env);
  return Object.fromEntries(
    variables
      .filter(({ name, value }) => CA_VARIABLES.includes(name) && value)
      .map(({ name, value = '' }) => [name, value]),
  );
}

/**
 * istiod reads its CA when it starts: a Secret `cacerts` that came later is used by the new one only. What the old one
 * signs with is what it hands out in the ConfigMap `istio-ca-root-cert`. Of the Secrets only certificates are looked at.
 */
async function differingRoot({ kube, cluster, release }: CheckInput): Promise<Found[]> {
  const handedOut = await kube.get({
    api: 'v1',
    plural: 'configmaps',
    namespace: 'default',
    name: 'istio-ca-root-cert',
  });
  const old = dataOf(handedOut)['root-cert.pem'];
  const next = await nextRoot(kube);
  if (old === undefined || next === null || next.certificate.trim() === old.trim()) return [];
  return [
    {
      reason: 'CaDiffers',
      message: `Secret istio-system/${next.secret} of cluster ${cluster.id} holds another root certificate than the one that the old control plane hands out: istiod of revision ${release.revision} would sign with another CA.`,
      remedy: 'Finish the change of the CA with the old control plane first: restart istiod, then the workloads.',
      command: 'kubectl -n istio-system rollout restart deployment/istiod',
    },
  ];
}

/** The root that an istiod started now would use: the plugged-in one, else the one that istiod made for itself. */
async function nextRoot(kube: CheckInput['kube']): Promise<{ secret: string; certificate: string } | null> {
  for (const [secret, keys] of ROOTS) {
    const object = await kube.get({ api: 'v1', plural: 'secrets', namespace: ISTIO_NAMESPACE, name: secret });
    const data = dataOf(object);
    const encoded = keys.map((key) => data[key]).find((value) => value !== undefined);
    if (encoded !== undefined) return { secret, certificate: Buffer.from(encoded, 'base64').toString('utf8') };
  }
  return null;
}

function dataOf(object: KubeObject | null): Readonly<Record<string, string>> {
  return (object?.['data'] ?? {}) as Readonly<Record<string, string>>;
}
