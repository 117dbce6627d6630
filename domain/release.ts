import { z } from 'zod';
import { revisionNameSchema } from './names.js';

/** One downloadable archive of a release. The signature lies beside it, under the same name plus {@link Release.signatureSuffix}. */
export const archiveSchema = z.strictObject({
  file: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.(tar\.gz|zip)$/, 'an archive is a plain .tar.gz or .zip file name'),
});

/** A row of the version gate: which patches of one minor may go directly to the release. */
export const sourceRuleSchema = z.strictObject({
  minor: z.string().regex(/^\d+\.\d+$/),
  minPatch: z.int().min(0),
});

/** A release in the catalogue: everything Meshlift must know to fetch, prove and install it. */
export const releaseSchema = z.strictObject({
  /** Version as the vendor writes it, for instance `1.6.14-asm.2`. */
  version: z.string(),
  /** Revision name of the new control plane, for instance `asm-1614-2`. Derived from the version when left out. */
  revision: revisionNameSchema,
  /** Istio configuration profile given to `istioctl install`. */
  profile: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  /** Sources that may be upgraded to this release directly. */
  sources: z.array(sourceRuleSchema),
  /** Minors that must first go through another minor: `{ from: '1.4', minPatch: 5, via: '1.5' }`. */
  routes: z.array(z.strictObject({ from: z.string(), minPatch: z.int().min(0), via: z.string() })),
  /** Kubernetes minors that the release runs on, both ends included. */
  kubernetes: z.strictObject({ min: z.string().regex(/^\d+\.\d+$/), max: z.string().regex(/^\d+\.\d+$/) }),
  /** Folder that holds the archives, without a trailing slash. */
  baseUrl: z.url({ protocol: /^(https?|file)$/ }),
  /** PEM of the ECDSA P-256 key that signs the archives. */
  publicKey: z.string().includes('BEGIN PUBLIC KEY'),
  /** What is appended to an archive's name to get its signature. */
  signatureSuffix: z.string(),
  /** Archives per `process.platform`. */
  archives: z.strictObject({ linux: archiveSchema, darwin: archiveSchema, win32: archiveSchema }),
});

export type Release = z.infer<typeof releaseSchema>;
