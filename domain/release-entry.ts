import { z } from 'zod';
import { supportOf } from './istio-support.js';
import { DEFAULT_REVISION, revisionNameSchema } from './names.js';
import { PLATFORMS, proofOf, releaseSchema, type Release } from './release.js';
import { parseVersion, revisionOf } from './version.js';

/** A release as people write it: what follows from its version may be left out. */
export const releaseEntrySchema = z.preprocess(
  withDefaults,
  releaseSchema
    .extend({ revision: z.exactOptional(revisionNameSchema) })
    .transform((entry, context): Release => {
      const { revision = revisionFor(entry) } = entry;
      if (revision !== null) return { ...entry, revision };
      const message = `no revision name can be derived from "${entry.version}": name one`;
      context.issues.push({ code: 'custom', path: ['revision'], input: undefined, message });
      return z.NEVER;
    })
    .superRefine((release, context) => {
      for (const message of [...contradictionsIn(release), ...unprovenIn(release)])
        context.addIssue({ code: 'custom', message });
    }),
);

/** Upstream publishes each version in a folder of its own, under names that follow from the version. */
const UPSTREAM = 'https://storage.googleapis.com/istio-release/releases';
const UPSTREAM_NAMES = { linux: 'linux-amd64.tar.gz', darwin: 'osx-arm64.tar.gz', win32: 'win-amd64.zip' } as const;

const upstreamEntry = z.looseObject({
  driver: z.literal('istio-revisioned'),
  version: releaseSchema.shape.version,
  archives: z.exactOptional(z.record(z.string(), z.looseObject({}))),
});

/** Whatever is wrong with an entry stays in it, for the schema to say. */
function withDefaults(raw: unknown): unknown {
  const { data: entry } = upstreamEntry.safeParse(raw);
  if (entry === undefined) return raw;
  const { version, archives } = entry;
  const named = PLATFORMS.filter((platform) => archives === undefined || platform in archives).map((platform) => {
    const file = `istio-${version}-${UPSTREAM_NAMES[platform]}`;
    return [platform, { file, ...archives?.[platform] }] as const;
  });
  const kubernetes = supportOf(version)?.kubernetes;
  return {
    profile: 'default',
    baseUrl: `${UPSTREAM}/${version}`,
    ...(kubernetes === undefined ? {} : { kubernetes }),
    ...entry,
    archives: { ...archives, ...Object.fromEntries(named) },
  };
}

function revisionFor({ version, role }: Pick<Release, 'version' | 'role'>): string | null {
  if (role === 'source') return DEFAULT_REVISION;
  return parseVersion(version) === null ? null : revisionOf(version);
}

function contradictionsIn(release: Release): string[] {
  const none = Object.keys(release.archives).length === 0 ? ['a release has an archive for one platform at least'] : [];
  return [...none, ...(release.driver === 'istio-revisioned' ? oddInRevisioned(release) : oddInAsm(release))];
}

function oddInAsm({ role, sources, routes }: Release): string[] {
  if (role === 'source')
    return sources.length + routes.length === 0
      ? []
      : ['nothing is upgraded to a release of role "source": it has neither sources nor routes'];
  return sources.length === 0 ? ['a release of role "target" says in sources what may be upgraded to it'] : [];
}

function oddInRevisioned({ driver, role, sources, routes }: Release): string[] {
  return [
    ...(sources.length + routes.length > 0
      ? [
          `what may be upgraded to a release of driver "${driver}" follows from the versions: leave sources and routes out`,
        ]
      : []),
    ...(role === 'source'
      ? [`driver "${driver}" needs no release of role "source": the old control plane stays until the end of the run`]
      : []),
  ];
}

/** A program that nothing proves is not run: each archive has its digest, or all of them their signatures. */
function unprovenIn(release: Release): string[] {
  const { publicKey, signatureSuffix, archives } = release;
  const platforms = PLATFORMS.filter((platform) => archives[platform] !== undefined);
  const digests = platforms.filter((platform) => archives[platform]?.sha256 !== undefined);
  if (publicKey !== undefined || signatureSuffix !== undefined) {
    if (digests.length > 0)
      return [
        'the archives are proven by their signatures or by sha256: leave publicKey and signatureSuffix out, or every sha256',
      ];
    if (publicKey === undefined) return ['signatureSuffix without publicKey proves nothing: name the key'];
    return signatureSuffix === undefined ? ['publicKey without signatureSuffix: say how the signatures are named'] : [];
  }
  const bare = platforms.filter((platform) => proofOf(release, platform) === null);
  if (bare.length === 0) return [];
  return [
    `nothing proves the archive for ${bare.join(', ')}: give its sha256, or publicKey and signatureSuffix of the release`,
  ];
}
