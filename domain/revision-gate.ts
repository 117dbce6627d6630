import type { Release } from './release.js';
import { nothingToDo, unsupported, type GateVerdict } from './version-gate.js';
import { comparePatches, compareVersions, minorOf, parseVersion, type Version } from './version.js';

/** The oldest minor whose control planes are handled like those of today: by revisions, tags and one injector for both. */
const OLDEST_MINOR = 20;
/** Upstream supports an upgrade over one minor; over two it works as a rule, but nobody tests it for every release. */
const MOST_MINORS = 2;
/** A proxy may be this much older than the istiod that it is connected to. */
const PROXY_SKEW = 2;

/**
 * The version gate of driver `istio-revisioned`: a newer patch, or the next minor. Over two minors it says yes as well, and a check
 * asks for an approval ({@link skippedMinors}).
 * @param source version of the control plane in the cluster, as in its image tag
 * @param name of that control plane in the sentences, where there are several
 */
export function checkRevisionGate(source: string, release: Pick<Release, 'version'>, name?: string): GateVerdict {
  const [from, to] = [parseVersion(source), parseVersion(release.version)];
  const unread =
    from === null
      ? `The version "${source}" of ${name ?? 'the control plane in the cluster'}`
      : `The version "${release.version}" in the release catalogue`;
  if (from === null || to === null) {
    return unsupported(
      `${unread} cannot be read, so the way to ${release.version} cannot be judged.`,
      'Meshlift reads versions such as 1.30.2 and 1.29.2-asm.3. Install a released version first.',
    );
  }
  const who = `${name ?? 'The mesh'} runs ${from.raw}`;
  return otherVendor(who, from, to) ?? notOlder(who, from, to) ?? tooFar(who, from, to) ?? { ok: true };
}

/** Minors that an upgrade passes over, `['1.30']` for one from 1.29 to 1.31; none where a version cannot be read. */
export function skippedMinors(source: string, target: string): string[] {
  const [from, to] = [parseVersion(source), parseVersion(target)];
  return from === null || to === null ? [] : minorsBetween(from, to).slice(0, -1);
}

/** The oldest minor that goes to a version without an approval; null when the version cannot be read. */
export function directSource(target: string): string | null {
  const to = parseVersion(target);
  return to === null ? null : minorOf({ ...to, minor: Math.max(to.minor - 1, OLDEST_MINOR) });
}

/**
 * Whether a proxy is too old to be served by a control plane.
 * @param proxy version in the tag of its image
 * @returns null when that cannot be told from the tag
 */
export function isProxyTooOld(proxy: string, controlPlane: string): boolean | null {
  const [from, to] = [parseVersion(proxy), parseVersion(controlPlane)];
  if (from === null || to === null) return null;
  return from.major < to.major || (from.major === to.major && to.minor - from.minor > PROXY_SKEW);
}

/** How many minors one version is behind another; null when one of them cannot be read, or they have different majors. */
export function minorDistance(version: string, target: string): number | null {
  const [from, to] = [parseVersion(version), parseVersion(target)];
  if (from === null || to === null) return null;
  return from.major === to.major ? to.minor - from.minor : null;
}

/** A vendor's build may hold anything under upstream's number: only that vendor's own releases are known to follow upon it. */
function otherVendor(who: string, { vendor }: Version, to: Version): GateVerdict | null {
  if (vendor === null || vendor.name === to.vendor?.name) return null;
  return unsupported(
    `${who}, a build of vendor "${vendor.name}", which the driver istio-revisioned does not know; ${to.raw} is no build of that vendor.`,
    `Choose a release of "${vendor.name}", or ask that vendor for the way to ${to.raw}.`,
  );
}

function notOlder(who: string, from: Version, to: Version): GateVerdict | null {
  if (comparePatches(from, to) > 0 || compareVersions(from, to) > 0) {
    return nothingToDo(
      `${who}, which is newer than ${to.raw}: that would be a downgrade.`,
      `Choose a release newer than ${from.raw}, or leave the mesh as it is.`,
    );
  }
  return compareVersions(from, to) === 0 ? nothingToDo(`${who} already.`, 'Nothing needs to be done.') : null;
}

function tooFar(who: string, from: Version, to: Version): GateVerdict | null {
  const oldest = `${to.major}.${OLDEST_MINOR}`;
  if (from.major !== to.major) {
    return unsupported(
      `${who}; no way from ${minorOf(from)} to ${to.raw} is known.`,
      `Read what the documentation of ${minorOf(to)} says of upgrades from ${minorOf(from)}.`,
    );
  }
  if (from.minor < OLDEST_MINOR) {
    return unsupported(
      `${who}; the way to ${to.raw} starts at ${oldest}.`,
      `Upgrade first minor by minor to ${oldest}, as the documentation of each of them says, then ${routeText([oldest, ...minorsBetween({ ...to, minor: OLDEST_MINOR }, to)])}.`,
    );
  }
  const minors = minorsBetween(from, to);
  if (minors.length <= MOST_MINORS) return null;
  return unsupported(
    `${who}; ${to.raw} is ${minors.length} minors newer, and one run goes over ${MOST_MINORS} at most.`,
    `Upgrade minor by minor: ${routeText([minorOf(from), ...minors])}.`,
  );
}

/** Every minor after that of `from`, up to that of `to`. */
function minorsBetween(from: Version, to: Version): string[] {
  const count = from.major === to.major ? Math.max(to.minor - from.minor, 0) : 0;
  return Array.from({ length: count }, (_, index) => minorOf({ ...from, minor: from.minor + index + 1 }));
}

function routeText(minors: readonly string[]): string {
  return minors.join(' to ');
}
