import { basename } from 'node:path';
import { DEFAULT_REVISION, inRevision } from '../../../domain/names.js';
import { diffText, flatten, lostSettings, type LostSetting } from '../../../domain/settings-diff.js';
import type { Check, CheckInput, Found } from '../check.js';

/** What every installation has of its own: where it came from, and what its release brings. */
const OF_EVERY_INSTALLATION =
  /^(hub|tag|profile|revision|installPackagePath|namespace)$|^values\.global\.(hub|tag|istioNamespace)$|^values\.revision$|^values\.[^.]+\.(image\.)?(tag|hub)$/;
const LARGEST_COMMAND = 20;

/**
 * Guide, step 2: what `--set` and `-f` gave the old installation must be given to the new one again. istioctl records the
 * whole of it, with the defaults of its own release: what equals those was not chosen by anybody, and changes with the version.
 */
export const optionsKept: Check = {
  id: 'MESH038',
  look: async (input) => {
    const { reader, target, plan } = input;
    const name = inRevision('installed-state', plan.route?.from.revision ?? DEFAULT_REVISION);
    const states = await reader.list('install.istio.io/v1alpha1', 'istiooperators');
    const old = states.find(({ metadata }) => metadata.name === name);
    // Before 1.6 istioctl kept no record of what it was given; then only what runs can be compared (MESH039).
    if (old === undefined) return [];
    const spec = old['spec'] ?? {};
    const { given, plain } = await target.specs();
    const differing = lostSettings(flatten(spec), flatten(given), flatten(plain)).filter(isOption);
    if (differing.length === 0) return [];
    const defaults = await sourceDefaults(input, spec);
    const lost = lostSettings(flatten(spec), flatten(given), flatten(plain), flatten(defaults ?? {})).filter(isOption);
    if (lost.length === 0) return [];
    const { message, ...rest } = found(input, lost, `IstioOperator istio-system/${name} holds`);
    return [{ ...rest, message: defaults === null ? `${message} ${maybeDefaults(input)}` : message }];
  },
};

function isOption({ path }: LostSetting): boolean {
  return !OF_EVERY_INSTALLATION.test(path);
}

/** The profile of the old installation, as its own release has it; null where that is not at hand. */
async function sourceDefaults({ source, signal }: CheckInput, spec: object): Promise<unknown> {
  // A path where the profile was given as a file: then its name is all that is left of it.
  const { profile } = spec as { profile?: string };
  const name = basename(profile ?? 'default', '.yaml');
  return source === null
    ? null
    : source.profile(name).catch(() => {
        signal.throwIfAborted();
        return null;
      });
}

function maybeDefaults({ plan }: CheckInput): string {
  const version = plan.route?.from.version ?? '';
  return `Some may be defaults of ${version} that nobody chose: no release of exactly that version is at hand to compare with.`;
}

function found(input: CheckInput, lost: readonly LostSetting[], where: string): Found {
  const sets = lost.slice(0, LARGEST_COMMAND).map(({ path, old }) => `--set ${quoted(`${path}=${old}`)}`);
  return {
    ...lostFinding(input, lost, where),
    command: `meshlift plan ${input.cluster.id} --release ${input.release.version} ${sets.join(' ')}`,
  };
}

/** What is found when settings would be lost: it blocks until the caller has said what shall become of them. */
export function lostFinding({ plan, release }: CheckInput, lost: readonly LostSetting[], where: string): Found {
  const none = plan.options.carryOver === 'none';
  return {
    severity: none ? 'info' : 'blocker',
    reason: 'OptionsLost',
    message: `${where} ${lost.length} settings that revision ${release.revision} would not have${none ? ', as was asked for' : ''}.`,
    remedy: none
      ? 'Nothing needs to be done; the differences are shown for the record.'
      : 'Give them to the new one with --set or --overlay, or say with `--carry-over none` that it shall do without them.',
    diff: diffText(lost),
  };
}

function quoted(text: string): string {
  return /^[A-Za-z0-9_.,:=/@%+[\]-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
