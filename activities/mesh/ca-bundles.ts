import type { KubeObject } from '../kube/types.js';

/** Whether every entry of a webhook configuration has a certificate to be trusted by; istiod writes it there. */
export function hasCaBundles({ webhooks }: KubeObject): boolean {
  const entries = (webhooks ?? []) as readonly { readonly clientConfig: { readonly caBundle?: string } }[];
  return entries.every(({ clientConfig }) => (clientConfig.caBundle ?? '') !== '');
}
