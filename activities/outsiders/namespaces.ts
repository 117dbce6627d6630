import { INJECTION_LABEL, REVISION_LABEL } from '../../domain/names.js';
import { ignoreRuleFor, writerName, type OutsideChange } from '../../domain/outside-change.js';
import { driverOf, isInPlace, type Route } from '../../domain/plan.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { RunRef } from '../contract.js';
import type { KubeObject } from '../kube/types.js';
import { isOurs, writerOf } from './writer.js';

/** Labels of injection: value, or null when absent. */
interface Pair {
  readonly injection: string | null;
  readonly revision: string | null;
}

const field = (label: string) => ['f:metadata', 'f:labels', `f:${label}`];

/** What the run expects of the namespaces that it moves. */
export interface NamespaceExpectation {
  readonly run: RunRef;
  readonly route: Route;
  readonly before: Snapshot;
  readonly waiting: readonly string[];
  /** Those that the run has moved; it grows while the run goes on. */
  readonly moved: Set<string>;
}

/**
 * Tells when somebody else relabels a namespace of the run: one that waits must be as it was, one that has been moved must
 * ask for the new revision.
 * @param told keys of what was told before; one that is right again is forgotten, so that a next time counts
 */
export function createNamespaceLookout(expectation: NamespaceExpectation, told: Set<string>) {
  const { run, route, before, waiting, moved } = expectation;
  const names = new Set([...waiting, ...moved]);
  const forward: Pair = { injection: null, revision: route.to.revision };
  const seen = new Map<string, KubeObject>();
  const byTag = ({ revision }: Pair) => driverOf(route) === 'istio-revisioned' && revision !== route.from.revision;

  const wrongPair = (object: KubeObject): { current: Pair; wanted: Pair } | null => {
    const { name, labels = {} } = object.metadata;
    const current = pairOf(labels);
    // The run's own move: seen here before the run itself has heard of it.
    if (isEqual(current, forward) && isOurs(object, field(REVISION_LABEL))) moved.add(name);
    const recorded = pairOf(before.namespaces[name] ?? labels);
    const wanted = moved.has(name) && !isInPlace(route) ? forward : recorded;
    // One that asks by a tag keeps its labels, or gets them back when the tag has moved.
    if (isEqual(current, wanted) || (byTag(recorded) && isEqual(current, recorded))) return null;
    return { current, wanted };
  };

  return (objects: readonly KubeObject[]): OutsideChange[] =>
    objects.flatMap((object) => {
      const { name } = object.metadata;
      if (!names.has(name)) return [];
      const last = seen.get(name);
      seen.set(name, object);
      const wrong = wrongPair(object);
      const prefix = `namespace/${name}/`;
      if (wrong === null) {
        for (const key of told) if (key.startsWith(prefix)) told.delete(key);
        return [];
      }
      const key = `${prefix}${wrong.current.injection ?? ''}/${wrong.current.revision ?? ''}`;
      if (told.has(key)) return [];
      told.add(key);
      const writer = writerOf(object, writtenFields(wrong), last);
      return [
        {
          key,
          message: `Namespace ${name} of cluster ${run.cluster} was relabelled by ${writerName(writer)}: it carries ${words(wrong.current)}, and the run left it with ${words(wrong.wanted)}.`,
          remedy: [
            `Put it right with \`kubectl label namespace ${name} ${options(wrong.wanted)} --overwrite\`, then \`meshlift resume ${run.cluster}\`.`,
            ...ignoreRuleFor(writer),
          ].join('\n'),
        },
      ];
    });
}

/** The labels that somebody has written. One that is missing has no owner who could tell. */
function writtenFields({ current, wanted }: { current: Pair; wanted: Pair }): readonly (readonly string[])[] {
  const isWritten = (key: keyof Pair) => current[key] !== null && current[key] !== wanted[key];
  return [
    ...(isWritten('injection') ? [field(INJECTION_LABEL)] : []),
    ...(isWritten('revision') ? [field(REVISION_LABEL)] : []),
  ];
}

function pairOf(labels: Readonly<Record<string, string>>): Pair {
  return { injection: labels[INJECTION_LABEL] ?? null, revision: labels[REVISION_LABEL] ?? null };
}

function isEqual(a: Pair, b: Pair): boolean {
  return a.injection === b.injection && a.revision === b.revision;
}

function words({ injection, revision }: Pair): string {
  const told = [
    ...(injection === null ? [] : [`${INJECTION_LABEL}=${injection}`]),
    ...(revision === null ? [] : [`${REVISION_LABEL}=${revision}`]),
  ];
  return told.length === 0 ? 'no label of injection' : told.join(' and ');
}

/** As `kubectl label` wants them; a label that must not be there ends with a dash. */
function options({ injection, revision }: Pair): string {
  return [
    injection === null ? `${INJECTION_LABEL}-` : `${INJECTION_LABEL}=${injection}`,
    revision === null ? `${REVISION_LABEL}-` : `${REVISION_LABEL}=${revision}`,
  ].join(' ');
}
