import { createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { releaseEntrySchema } from '../domain/release-entry.js';
import { releaseSchema, type Release } from '../domain/release.js';
import { assetPath } from './node-command.js';
import { schemeRefusal, type DownloadPolicy } from './download-policy.js';
import { SettingsError, type Settings } from './settings.js';

/** Every release that Meshlift knows. */
export interface Catalogue {
  readonly releases: readonly Release[];
  /** Where archives may come from: the hosts of the releases above, and those that the configuration adds. */
  readonly downloads: DownloadPolicy;
  find(version: string): Release | null;
}

/** Environment variables that send every built-in release elsewhere: a mirror, or the sandbox. */
const BASE_URL = 'MESHLIFT_RELEASE_BASE_URL';
const PUBLIC_KEY_FILE = 'MESHLIFT_RELEASE_PUBLIC_KEY_FILE';

/**
 * The built-in releases with the configured mirrors, then with the environment's, then those that the configuration adds or puts in their place.
 * @throws SettingsError with a sentence that names the release and what is wrong with it
 */
export function loadCatalogue(
  settings: Pick<Settings, 'releases' | 'mirrors' | 'downloads'>,
  env: NodeJS.ProcessEnv = process.env,
): Catalogue {
  const releases = new Map<string, Release>();
  for (const release of builtInReleases()) releases.set(release.version, release);
  refuseUnknownMirrors(settings, releases);
  const elsewhere = readEnvironment(env);
  for (const [version, release] of releases)
    releases.set(version, { ...release, ...given(settings.mirrors[version]), ...elsewhere });
  for (const release of settings.releases) {
    releases.set(release.version, { ...release, ...given(settings.mirrors[release.version]) });
  }
  refuseTwice(settings.releases.map(({ version }) => version));
  const all = [...releases.values()];
  const { hosts, loopbackHttp } = settings.downloads;
  for (const release of all) {
    checkKey(release);
    checkOrigin(release, loopbackHttp);
  }
  const downloads = { hosts: new Set([...all.flatMap(hostOf), ...hosts]), loopbackHttp };
  return { releases: all, downloads, find: (version) => releases.get(version) ?? null };
}

/** Each file in `settings/releases/` is one release. */
function builtInReleases(): Release[] {
  const dir = assetPath(new URL('./releases', import.meta.url));
  const files = readdirSync(dir).filter((name) => name.endsWith('.yaml'));
  return files.toSorted().map((name) => {
    const parsed = releaseEntrySchema.safeParse(parse(readFileSync(join(dir, name), 'utf8')));
    if (parsed.success) return parsed.data;
    throw new SettingsError(`The built-in release ${name} is wrong:\n${z.prettifyError(parsed.error)}`);
  });
}

type Origin = Partial<Pick<Release, 'baseUrl' | 'publicKey'>>;

function readEnvironment(env: NodeJS.ProcessEnv): Origin {
  const origin: Record<string, string> = {};
  const baseUrl = env[BASE_URL];
  if (baseUrl !== undefined && baseUrl !== '') {
    if (!releaseSchema.shape.baseUrl.safeParse(baseUrl).success)
      throw new SettingsError(`${BASE_URL} is "${baseUrl}", which is no http, https or file URL`);
    origin['baseUrl'] = baseUrl;
  }
  const keyFile = env[PUBLIC_KEY_FILE];
  if (keyFile !== undefined && keyFile !== '') origin['publicKey'] = readKeyFile(keyFile);
  return origin;
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingsError(`${PUBLIC_KEY_FILE} names ${file}, which cannot be read: ${(error as Error).message}`);
  }
}

/** Only what a mirror really says; what it leaves out stays. */
function given(mirror: Settings['mirrors'][string] | undefined): Origin {
  const { baseUrl, publicKey } = mirror ?? {};
  return { ...(baseUrl === undefined ? {} : { baseUrl }), ...(publicKey === undefined ? {} : { publicKey }) };
}

/** A mirror with a mistyped version would be passed over in silence, and the vendor asked instead. */
function refuseUnknownMirrors(
  { mirrors, releases }: Pick<Settings, 'releases' | 'mirrors'>,
  builtIn: Map<string, Release>,
) {
  const known = new Set([...builtIn.keys(), ...releases.map(({ version }) => version)]);
  const unknown = Object.keys(mirrors).find((version) => !known.has(version));
  if (unknown === undefined) return;
  const names = [...known].map((version) => `"${version}"`).join(', ');
  throw new SettingsError(`A mirror is configured for release "${unknown}", but the catalogue has only ${names}`);
}

function refuseTwice(versions: readonly string[]): void {
  const twice = versions.find((version, index) => versions.indexOf(version) !== index);
  if (twice !== undefined) throw new SettingsError(`The configuration adds release "${twice}" twice`);
}

function hostOf({ baseUrl }: Release): string[] {
  const { hostname } = new URL(baseUrl);
  return hostname === '' ? [] : [hostname];
}

function checkOrigin({ version, baseUrl }: Release, loopbackHttp: boolean): void {
  const refusal = schemeRefusal(new URL(baseUrl), { loopbackHttp });
  if (refusal !== null)
    throw new SettingsError(`Release "${version}" cannot be fetched from ${withoutSecrets(baseUrl)}: ${refusal}`);
}

/** The message ends in logs and on screens. */
function withoutSecrets(baseUrl: string): string {
  return baseUrl.replace(/\/\/[^/@]*@/, '//(redacted)@');
}

/** Says at the start, and not in the middle of a run, that nothing can be proven with a key. */
function checkKey({ version, publicKey, signatureSuffix }: Release): void {
  if (publicKey === undefined) return;
  if (signatureSuffix === undefined)
    throw new SettingsError(
      `Release "${version}" is proven by the sha256 of its archives: a mirror changes no key there`,
    );
  let curve: string | undefined;
  try {
    curve = createPublicKey(publicKey).asymmetricKeyDetails?.namedCurve;
  } catch (error) {
    throw new SettingsError(`The public key of release "${version}" cannot be read: ${(error as Error).message}`);
  }
  if (curve !== 'prime256v1') throw new SettingsError(`The public key of release "${version}" is no ECDSA P-256 key`);
}
