import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';

/** Who may talk to the sandbox's API server, and what RBAC knows them as. */
export const IDENTITIES = {
  /** The sandbox itself. */
  admin: { user: 'sandbox-admin', groups: ['system:masters'] },
  /** Meshlift: bound to cluster-admin, as the guide says the installing account must be; not of `system:masters`. */
  meshlift: { user: 'meshlift', groups: [] },
  reader: { user: 'meshlift-reader', groups: [] },
  roller: { user: 'meshlift-roller', groups: [] },
} as const;

export type IdentityName = keyof typeof IDENTITIES;
export type Tokens = Readonly<Record<IdentityName, string>>;

/** Fresh random tokens, one per identity. */
export function makeTokens(): Tokens {
  const token = () => randomBytes(24).toString('base64url');
  return { admin: token(), meshlift: token(), reader: token(), roller: token() };
}

/** The API server's static token file: token,user,uid,"groups". */
export function tokenFile(tokens: Tokens): string {
  return (Object.keys(IDENTITIES) as IdentityName[])
    .map((name) => {
      const { user, groups } = IDENTITIES[name];
      return `${tokens[name]},${user},${user},"${groups.join(',')}"\n`;
    })
    .join('');
}

/**
 * A kubeconfig with one context per identity; the first is the current one.
 * @param certificate PEM of the API server's own certificate chain: nothing here skips verification
 */
export function kubeconfig(
  cluster: { readonly name: string; readonly server: string; readonly certificate: string },
  tokens: Tokens,
  names: readonly IdentityName[],
): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: cluster.name,
        cluster: {
          server: cluster.server,
          'certificate-authority-data': Buffer.from(cluster.certificate).toString('base64'),
        },
      },
    ],
    users: names.map((name) => ({ name, user: { token: tokens[name] } })),
    contexts: names.map((name) => ({ name, context: { cluster: cluster.name, user: name } })),
    'current-context': names[0],
  });
}
