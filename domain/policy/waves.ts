import { selects } from '../label-selector.js';
import type { NamespaceInjection } from '../plan.js';
import type { WaveProblem } from '../wave-problem.js';
import type { WaveRule } from './schema.js';
import { parseSelector } from './selector.js';
import { REST } from './wave-rules.js';

/** A wave of a policy before it has its gate. */
export interface WaveSet {
  readonly name: string;
  readonly namespaces: readonly string[];
}

/** What a wave can be chosen by. */
export type Candidate = Pick<NamespaceInjection, 'namespace' | 'labels'> & { readonly pods: number };

/**
 * Divides namespaces by the rules of a policy. What several rules name is in the first of them; what none names is in a last
 * wave, `rest`. A wave that gets nothing is left out.
 * @param candidates the namespaces that the run moves
 */
export function divideByRules(
  candidates: readonly Candidate[],
  rules: readonly WaveRule[],
): { readonly sets: readonly WaveSet[]; readonly problems: readonly WaveProblem[] } {
  const total = podsIn(candidates);
  let left = [...candidates];
  let moved = 0;
  const taken = rules.map((rule) => {
    const ours = chosen(rule, left, { moved, total });
    left = left.filter((entry) => !ours.includes(entry));
    moved += podsIn(ours);
    return { name: rule.name, namespaces: inOrder(ours, rule.order) };
  });
  const rest = inOrder(left);
  const last = taken.at(-1);
  const joins = last?.name === REST;
  const all = joins
    ? [...taken.slice(0, -1), { ...last, namespaces: [...last.namespaces, ...rest] }]
    : [...taken, { name: REST, namespaces: rest }];
  return {
    sets: all.filter(({ namespaces }) => namespaces.length > 0),
    problems: rules.flatMap((rule) => problemsOf(rule, candidates)),
  };
}

/** Without names, selector or percentage a rule takes all that is left. */
function chosen(
  { namespaces, selector, percent, exclude, order = [] }: WaveRule,
  left: readonly Candidate[],
  { moved, total }: { readonly moved: number; readonly total: number },
): Candidate[] {
  const isNamed = ({ namespace }: Candidate) => namespaces?.includes(namespace) === true;
  const isSelected = ({ labels }: Candidate) => selector !== undefined && fits(selector, labels);
  const isAnybody = namespaces === undefined && selector === undefined;
  const wanted = left.filter((entry) => isAnybody || isNamed(entry) || isSelected(entry));
  const ours = wanted.filter(({ namespace }) => !exclude.includes(namespace));
  if (percent === undefined) return ours;
  return upTo((percent * total) / 100 - moved, bySize(ours, order));
}

/** So many of them that the share is never exceeded: those that shall begin first, then the smallest. */
function upTo(pods: number, candidates: readonly Candidate[]): Candidate[] {
  let room = pods;
  return candidates.filter((entry) => {
    if (entry.pods > room) return false;
    room -= entry.pods;
    return true;
  });
}

function bySize(candidates: readonly Candidate[], order: readonly string[]): Candidate[] {
  return [...candidates].sort(
    (one, other) =>
      placeIn(order, one) - placeIn(order, other) ||
      one.pods - other.pods ||
      one.namespace.localeCompare(other.namespace),
  );
}

function inOrder(candidates: readonly Candidate[], order: readonly string[] = []): string[] {
  return [...candidates]
    .sort((one, other) => placeIn(order, one) - placeIn(order, other) || one.namespace.localeCompare(other.namespace))
    .map(({ namespace }) => namespace);
}

function placeIn(order: readonly string[], { namespace }: Candidate): number {
  const place = order.indexOf(namespace);
  return place === -1 ? order.length : place;
}

function fits(selector: string, labels: Candidate['labels']): boolean {
  const parsed = parseSelector(selector);
  return parsed !== null && selects(parsed, labels);
}

/** What a rule asks of this cluster and cannot get. */
function problemsOf(rule: WaveRule, candidates: readonly Candidate[]): WaveProblem[] {
  const isThere = (name: string) => candidates.some(({ namespace }) => namespace === name);
  const named = [...new Set([...(rule.namespaces ?? []), ...(rule.order ?? []), ...rule.exclude])];
  const { selector } = rule;
  const isEmpty = selector !== undefined && !candidates.some(({ labels }) => fits(selector, labels));
  return [
    ...named
      .filter((name) => !isThere(name))
      .map((namespace) => ({
        namespace,
        message: `Wave ${rule.name} names namespace ${namespace}, which gets no sidecars from the old control plane, holds nothing but gateways (they have a wave of their own), is excluded, or does not exist.`,
      })),
    ...(isEmpty
      ? [
          {
            message: `The selector ${selector} of wave ${rule.name} selects no namespace that the run moves.`,
            remedy:
              'Look at the labels of the namespaces with `kubectl get namespaces --show-labels`, or leave the wave out.',
          },
        ]
      : []),
  ];
}

function podsIn(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { pods }) => sum + pods, 0);
}
