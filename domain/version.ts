/** A version of Istio or of a vendor's build of it, taken apart. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** The vendor's own build of that patch (`asm.2`), null for upstream Istio. */
  readonly vendor: { readonly name: string; readonly build: number } | null;
  /** The text as it was read. */
  readonly raw: string;
}

const NUMBER = '(0|[1-9]\\d{0,4})';
const VENDOR = `-([a-z][a-z0-9]{0,15})\\.${NUMBER}`;
// Says how an image was packed (`distroless`), nothing about the version.
const PACKING = '-([a-z][a-z0-9-]{0,30})';
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:${VENDOR})?(?:${PACKING})?$`);
const PRE_RELEASE = /^(alpha|beta|rc)\b/;

/**
 * Reads a version as it stands in image tags and in the release catalogue: `1.6.14`, `1.6.14-asm.2`, `1.6.14-asm.2-distroless`.
 * npm's semver is no help: it takes `-asm.2` for a pre-release, older than `1.6.14`.
 * @returns null for anything else, also for pre-releases (`-rc.1`): they have no place in the order of builds
 */
export function parseVersion(text: string): Version | null {
  const [, major, minor, patch, name, build, packing] = VERSION.exec(text) ?? [];
  if (major === undefined || PRE_RELEASE.test(name ?? packing ?? '')) return null;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    vendor: name === undefined ? null : { name, build: Number(build) },
    raw: text,
  };
}

/**
 * Orders versions: by major, minor and patch, then by the vendor's build; upstream comes before every vendor's build of it.
 * @returns negative when `a` is older, positive when it is newer, 0 when neither is
 */
export function compareVersions(a: Version, b: Version): number {
  return comparePatches(a, b) || buildOf(a) - buildOf(b);
}

/** Orders versions like {@link compareVersions}, but takes all builds of one patch for the same. */
export function comparePatches(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

/** The minor that a version belongs to: `1.6` for `1.6.14-asm.2`. */
export function minorOf({ major, minor }: Pick<Version, 'major' | 'minor'>): string {
  return `${major}.${minor}`;
}

/**
 * The revision name that the vendor gives to a version: `asm-1614-2` for `1.6.14-asm.2`, `1-20-3` for `1.20.3`.
 * @throws RangeError when the text is no version; name the revision in the catalogue then
 */
export function revisionOf(text: string): string {
  const version = parseVersion(text);
  if (version === null) throw new RangeError(`no revision name can be derived from "${text}": it is no version`);
  const { major, minor, patch, vendor } = version;
  return vendor === null ? `${major}-${minor}-${patch}` : `${vendor.name}-${major}${minor}${patch}-${vendor.build}`;
}

function buildOf({ vendor }: Version): number {
  return vendor === null ? -1 : vendor.build;
}
