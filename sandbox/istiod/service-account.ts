import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import type { IstiodHost } from './host.js';

/** The token of a service account, and a kubeconfig that carries it: the process has exactly the pod's own rights. */
export async function serviceAccountKubeconfig(
  host: Pick<IstiodHost, 'admin' | 'adminKubeconfig'>,
  name: string,
): Promise<{ token: string; kubeconfig: string }> {
  const namespace = '/api/v1/namespaces/istio-system';
  const account = await host.admin.send('GET', `${namespace}/serviceaccounts/${name}`);
  const [reference] = (account?.['secrets'] as { name: string }[] | undefined) ?? [];
  const secret = reference ? await host.admin.send('GET', `${namespace}/secrets/${reference.name}`) : null;
  const encoded = (secret?.['data'] as { token?: string } | undefined)?.token;
  if (encoded === undefined) throw new Error(`the token of service account ${name} is not there yet`);
  const token = Buffer.from(encoded, 'base64').toString();
  const config = parse(await readFile(host.adminKubeconfig, 'utf8')) as { users: { user: { token: string } }[] };
  return {
    token,
    kubeconfig: stringify({ ...config, users: config.users.map((user) => ({ ...user, user: { token } })) }),
  };
}
