import type { Release } from './release.js';
import { comparePatches, compareVersions, minorOf, parseVersion, type Version } from './version.js';

/** Whether a mesh may go directly to a release, and if not, why and what to do instead. */
export type GateVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: 'UnsupportedSource' | 'NothingToDo';
      /** A sentence that names both versions. */
      readonly message: string;
      readonly remedy: string;
    };

/** What the gate needs to know of a release. */
export type GatedRelease = Pick<Release, 'version' | 'sources' | 'routes'>;

/** The control plane that is judged, by its name in sentences. */
interface Judged {
  readonly name: string;
  readonly version: Version;
}

/**
 * The version gate of the guide (step 0): only sources that the release names may go to it directly.
 * @param source version of the control plane in the cluster, as in its image tag
 * @param name of that control plane in the sentences, where there are several
 */
export function checkVersionGate(source: string, release: GatedRelease, name?: string): GateVerdict {
  const version = parseVersion(source);
  const which = name ?? 'the control plane in the cluster';
  if (version === null) return unreadable(`The version "${source}" of ${which}`, release);
  const to = parseVersion(release.version);
  if (to === null) return unreadable(`The version "${release.version}" in the release catalogue`, release);
  const judged = { name: name ?? 'The mesh', version };
  return checkNotThereYet(judged, to) ?? checkSource(judged, release);
}

function checkNotThereYet({ name, version: from }: Judged, to: Version): GateVerdict | null {
  if (compareVersions(from, to) > 0) {
    return nothingToDo(
      `${name} runs ${from.raw}, which is newer than ${to.raw}: that would be a downgrade.`,
      `Choose a release newer than ${from.raw}, or leave the mesh as it is.`,
    );
  }
  // Another build of the same patch counts as being there: the guide goes to 1.6.14 only from below 1.6.14.
  if (comparePatches(from, to) === 0) {
    const what = from.raw === to.raw ? to.raw : `${from.raw}, the same patch as ${to.raw}`;
    return nothingToDo(`${name} already runs ${what}.`, 'Nothing needs to be done.');
  }
  return null;
}

function checkSource({ name, version: from }: Judged, release: GatedRelease): GateVerdict {
  const minor = minorOf(from);
  const allowed = release.sources.find((source) => source.minor === minor);
  if (allowed !== undefined && from.patch >= allowed.minPatch) return { ok: true };
  const route = release.routes.find((entry) => entry.from === minor);
  if (route !== undefined && from.patch >= route.minPatch) {
    return unsupported(
      `${name} runs ${from.raw}; ${minor} cannot go to ${release.version} directly.`,
      `Upgrade first to ${route.via}, then to ${release.version}.`,
    );
  }
  const newest = `Upgrade first to the newest patch of ${minor}`;
  const start = allowed ?? route;
  if (start === undefined) {
    return unsupported(
      `${name} runs ${from.raw}; no way from ${minor} to ${release.version} is known.`,
      `${newest}, then minor by minor to ${sourcesOf(release)}.`,
    );
  }
  return unsupported(
    `${name} runs ${from.raw}; the way to ${release.version} starts at ${minor}.${start.minPatch}.`,
    `${newest}, then ${route === undefined ? '' : `to ${route.via} and from there `}to ${release.version}.`,
  );
}

function sourcesOf({ version, sources }: GatedRelease): string {
  const minors = sources.map(({ minor, minPatch }) => `${minor}.${minPatch}`);
  return minors.length === 0 ? `a source that ${version} supports` : `${minors.join(' or ')} (or a newer patch of it)`;
}

function unreadable(what: string, release: GatedRelease): GateVerdict {
  return unsupported(
    `${what} cannot be read, so the way to ${release.version} cannot be judged.`,
    'Meshlift reads versions such as 1.6.13 and 1.6.14-asm.2. Install a released version first.',
  );
}

/** The verdict on a source that must not go to the release directly. */
export function unsupported(message: string, remedy: string): GateVerdict {
  return { ok: false, reason: 'UnsupportedSource', message, remedy };
}

/** The verdict on a mesh that is there already, or further. */
export function nothingToDo(message: string, remedy: string): GateVerdict {
  return { ok: false, reason: 'NothingToDo', message, remedy };
}

/** Whether that version's istioctl calls a kubectl of its own accord: 1.5's does, when it is installed again (guide, step 6). */
export function needsKubectl(source: string): boolean {
  const version = parseVersion(source);
  return version !== null && minorOf(version) === '1.5';
}
