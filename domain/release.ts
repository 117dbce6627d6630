import { z } from 'zod';
import { DRIVERS } from './driver.js';
import { revisionNameSchema } from './names.js';
import { compareVersions, minorOf, parseVersion } from './version.js';

/**
 * One downloadable archive of a release. A signature lies beside it, under the same name plus {@link Release.signatureSuffix}.
 * Upstream Istio signs images and not archives: there the catalogue names the digest.
 */
export const archiveSchema = z.strictObject({
  file: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.(tar\.gz|zip)$/, 'an archive is a plain .tar.gz or .zip file name'),
  /** SHA-256 of the archive, in hex. */
  sha256: z.exactOptional(
    z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, 'a sha256 is 64 hexadecimal digits')
      .toLowerCase(),
  ),
});

/** A row of the version gate: which patches of one minor may go directly to the release. */
export const sourceRuleSchema = z.strictObject({
  minor: z.string().regex(/^\d+\.\d+$/),
  minPatch: z.int().min(0),
});

/** A release in the catalogue: everything Meshlift must know to fetch, prove and install it. */
export const releaseSchema = z.strictObject({
  /** Version as the vendor writes it, for instance `1.6.14-asm.2`. It becomes part of paths. */
  version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'a version is letters, digits, dots and dashes'),
  /**
   * What the release is for. A cluster is upgraded to a `target`. A `source` is kept for the way back only: its installer
   * brings a control plane of exactly that version back (guide, steps 2 and 6).
   */
  role: z.enum(['target', 'source']).default('target'),
  /** How meshes are upgraded to it. */
  driver: z.enum(DRIVERS).default('asm-1.6'),
  /** Revision name of the new control plane, for instance `asm-1614-2`; `default` for one that is installed without any. */
  revision: revisionNameSchema,
  /** Istio configuration profile given to `istioctl install`. */
  profile: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  /** Sources that may be upgraded to this release directly. Driver `istio-revisioned` works them out of the versions. */
  sources: z.array(sourceRuleSchema).default([]),
  /** Minors that must first go through another minor: `{ from: '1.4', minPatch: 5, via: '1.5' }`. */
  routes: z.array(z.strictObject({ from: z.string(), minPatch: z.int().min(0), via: z.string() })).default([]),
  /** Kubernetes minors that the release runs on, both ends included. */
  kubernetes: z.strictObject(
    { min: z.string().regex(/^\d+\.\d+$/), max: z.string().regex(/^\d+\.\d+$/) },
    { error: ({ input }) => (input === undefined ? 'say which versions of Kubernetes it runs on' : undefined) },
  ),
  /** Folder that holds the archives, without a trailing slash. */
  baseUrl: z.url({ protocol: /^(https?|file)$/ }),
  /** PEM of the ECDSA P-256 key that signs the archives, where they are signed. */
  publicKey: z.exactOptional(z.string().includes('BEGIN PUBLIC KEY')),
  /** What is appended to an archive's name to get its signature. */
  signatureSuffix: z.exactOptional(
    z.string().regex(/^[A-Za-z0-9._-]+$/, 'a suffix is letters, digits, dots and dashes'),
  ),
  /** Archives per `process.platform`; a release need not have one for each. */
  archives: z.strictObject({
    linux: z.exactOptional(archiveSchema),
    darwin: z.exactOptional(archiveSchema),
    win32: z.exactOptional(archiveSchema),
  }),
});

export type Release = z.infer<typeof releaseSchema>;

/** Platforms that releases have archives for, by the names of `process.platform`. */
export const PLATFORMS = ['linux', 'darwin', 'win32'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** How an archive is proven, before it is unpacked. */
export type Proof =
  | { readonly by: 'signature'; readonly publicKey: string; readonly suffix: string }
  | { readonly by: 'digest'; readonly sha256: string };

type Provable = Pick<Release, 'publicKey' | 'signatureSuffix' | 'archives'>;

/** How the archive for a platform is proven; null for one that nothing proves, which the catalogue refuses. */
export function proofOf({ publicKey, signatureSuffix, archives }: Provable, platform: Platform): Proof | null {
  const sha256 = archives[platform]?.sha256;
  if (sha256 !== undefined) return { by: 'digest', sha256 };
  if (publicKey === undefined || signatureSuffix === undefined) return null;
  return { by: 'signature', publicKey, suffix: signatureSuffix };
}

/** An archive that a run has fetched, proven and keeps. */
export interface KeptArchive {
  readonly version: string;
  /** Why the run keeps it: to install the new control plane, or to bring the old one back. */
  readonly role: Release['role'];
  /** SHA-256 of the archive, in hex. */
  readonly digest: string;
  /** How it was proven, as a sentence. */
  readonly verified: string;
  /** Folder on the worker's machine that it is unpacked in. */
  readonly dir: string;
}

/**
 * Whether going back from an upgrade of that version means installing it again (guide, steps 2 and 6): 1.5 knows no
 * revisions, so its objects are overwritten, and its own installer must be at hand before the first change.
 */
export function needsSourceArchive(version: string): boolean {
  const parsed = parseVersion(version);
  return parsed !== null && minorOf(parsed) === '1.5';
}

/** The release of role `source` that brings back exactly that version, as read from an image tag; null when there is none. */
export function sourceReleaseOf(releases: readonly Release[], version: string): Release | null {
  return releases.find((release) => release.role === 'source' && isVersion(release, version)) ?? null;
}

/** Any release of exactly that version, the one that could bring it back first: for asking its own tools about it. */
export function releaseOfVersion(releases: readonly Release[], version: string): Release | null {
  return sourceReleaseOf(releases, version) ?? releases.find((release) => isVersion(release, version)) ?? null;
}

/** Another build of the same patch would be another control plane than the one that was there. */
function isVersion({ version }: Release, wanted: string): boolean {
  const [parsed, other] = [parseVersion(version), parseVersion(wanted)];
  return parsed === null || other === null ? version === wanted : compareVersions(parsed, other) === 0;
}
