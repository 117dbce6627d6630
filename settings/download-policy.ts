import { z } from 'zod';

/** Where release archives may come from, as the configuration file says it. */
export const downloadSettingsSchema = z.strictObject({
  /** Hosts beside those that the catalogue's base URLs name. */
  hosts: z
    .array(
      z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'a host is a plain lower-case name, without port or path'),
    )
    .default([]),
  /** Allow plain `http:` to this machine: for the sandbox, and for a mirror that is tried out. */
  loopbackHttp: z.boolean().default(false),
});

/** Where release archives may come from. Nothing is asked of any other host, and no redirect is followed. */
export interface DownloadPolicy {
  readonly hosts: ReadonlySet<string>;
  readonly loopbackHttp: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Why nothing may be fetched from that way of naming a place, whatever host it names; null when it may.
 * The signature would be proven all the same, but plain http tells every listener what is about to be installed where.
 */
export function schemeRefusal(url: URL, { loopbackHttp }: Pick<DownloadPolicy, 'loopbackHttp'>): string | null {
  if (`${url.username}${url.password}` !== '') return 'a URL must not carry a name or a password';
  if (`${url.search}${url.hash}` !== '') return 'a base URL ends with a folder: it has no ? and no #';
  if (url.protocol === 'file:')
    return url.hostname === '' ? null : 'a file: URL names no host: it begins with file:///';
  if (url.protocol === 'https:') return null;
  if (url.protocol !== 'http:') return `${url.protocol} is none of https: and file:`;
  if (!LOOPBACK.test(url.hostname)) return 'plain http: is not allowed; use https: or file:';
  return loopbackHttp
    ? null
    : 'plain http: to this machine needs `downloads: { loopbackHttp: true }` in the configuration';
}

/** Why nothing may be fetched from there, as the end of a sentence; null when it may. */
export function downloadRefusal(url: URL, policy: DownloadPolicy): string | null {
  const refusal = schemeRefusal(url, policy);
  if (refusal !== null || url.protocol === 'file:' || policy.hosts.has(url.hostname)) return refusal;
  const known = [...policy.hosts].join(', ') || 'none';
  return `host ${url.hostname} is not among those that archives may come from (${known}); \`downloads.hosts\` in the configuration adds some`;
}
