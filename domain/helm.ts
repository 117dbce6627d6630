import type { Json } from './snapshot.js';

/** A release of Helm, as `helm list` tells of it. */
export interface HelmRelease {
  readonly name: string;
  readonly namespace: string;
  /** `deployed`, `uninstalled`, `pending-install` and others. */
  readonly status: string;
  /** Chart with its version, `istiod-1.31.0`. */
  readonly chart: string;
  /** How often it was changed. */
  readonly revision: number;
}

/** Annotations by which Helm marks what it owns. */
export const HELM_RELEASE = 'meta.helm.sh/release-name';
export const HELM_NAMESPACE = 'meta.helm.sh/release-namespace';

type Values = Readonly<Record<string, Json>>;

/** What a release of Helm's own says about itself, and must not say about the next one. */
const OF_ONE_RELEASE = ['revision', 'revisionTags'] as const;
/** Images: those of the new release are its own. */
const OF_ONE_VERSION = ['hub', 'tag', 'image'] as const;

/**
 * The values of the old control plane that the new one gets again: all that a person has chosen, but for its name, its tags and
 * its images. A registry of one's own stays: the new images must be there, and the plan says so.
 */
export function carriedValues(values: Values): Values {
  return keptValues(without(values, OF_ONE_RELEASE));
}

/** The values of a release that is upgraded where it is: all that a person has chosen, but for the version of its images. */
export function keptValues(values: Values): Values {
  const { global, pilot, ...others } = without(values, ['tag', 'image']);
  return {
    ...others,
    ...(isObject(global) && { global: without(global, ['tag']) }),
    ...(isObject(pilot) && { pilot: without(pilot, OF_ONE_VERSION) }),
  };
}

/** Name of the release that a new control plane gets, beside the old one. */
export function releaseNameOf(revision: string): string {
  return `istiod-${revision}`;
}

/** Whether something that was killed has left a release half-way: Helm refuses to touch it until it is made an end of. */
export function isHalfWay({ status }: Pick<HelmRelease, 'status'>): boolean {
  return status.startsWith('pending-');
}

function without(values: Values, keys: readonly string[]): Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)));
}

function isObject(value: Json | undefined): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
