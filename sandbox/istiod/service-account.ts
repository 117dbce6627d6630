import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import type { AdminClient } from '../cluster/admin-client.js';
import type { IstiodHost } from './host.js';

const NAMESPACE = '/api/v1/namespaces/istio-system';
/** A sandbox lives no longer than that. */
const LIFETIME_SECONDS = 24 * 60 * 60;

/** The token of a service account, and a kubeconfig that carries it: the process has exactly the pod's own rights. */
export async function serviceAccountKubeconfig(
  host: Pick<IstiodHost, 'admin' | 'adminKubeconfig'>,
  name: string,
): Promise<{ token: string; kubeconfig: string }> {
  const token = (await secretToken(host.admin, name)) ?? (await requestedToken(host.admin, name));
  if (token === null) throw new Error(`the token of service account ${name} is not there yet`);
  const config = parse(await readFile(host.adminKubeconfig, 'utf8')) as { users: { user: { token: string } }[] };
  return {
    token,
    kubeconfig: stringify({ ...config, users: config.users.map((user) => ({ ...user, user: { token } })) }),
  };
}

/** Before Kubernetes 1.24 a controller makes a token for every service account. */
async function secretToken(admin: AdminClient, name: string): Promise<string | null> {
  const account = await admin.send('GET', `${NAMESPACE}/serviceaccounts/${name}`);
  const [reference] = (account?.['secrets'] as { name: string }[] | undefined) ?? [];
  const secret = reference ? await admin.send('GET', `${NAMESPACE}/secrets/${reference.name}`) : null;
  const encoded = (secret?.['data'] as { token?: string } | undefined)?.token;
  return encoded === undefined ? null : Buffer.from(encoded, 'base64').toString();
}

/** Since then whoever runs a pod asks for one. */
async function requestedToken(admin: AdminClient, name: string): Promise<string | null> {
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: LIFETIME_SECONDS },
  };
  const answer = await admin.send('POST', `${NAMESPACE}/serviceaccounts/${name}/token`, request);
  return (answer?.['status'] as { token?: string } | undefined)?.token ?? null;
}
