import { placeOf } from '../../domain/gateways.js';
import { REVISION_LABEL, TAG_LABEL } from '../../domain/names.js';
import type { Operation } from '../../domain/journal.js';
import { pluralOf } from '../../domain/old-revision.js';
import { ignoreRuleFor, writerName, type OutsideChange, type Writer } from '../../domain/outside-change.js';
import type { Route } from '../../domain/plan.js';
import { recordedLabels, type Snapshot } from '../../domain/snapshot.js';
import type { RunRef } from '../contract.js';
import type { KubeObject } from '../kube/types.js';
import { marksOf, writerOf } from './writer.js';

/** What there is now. */
export interface Signposts {
  /** Injection webhooks, tags among them. */
  readonly webhooks: readonly KubeObject[];
  /** Gateways of the Gateway API. */
  readonly gateways: readonly KubeObject[];
  /** Whether the old control plane is still there: when it has gone, Gateways get their owners' labels back. */
  readonly isOldThere: boolean;
}

/** Something that leads pods to a revision, beside the labels of namespaces. */
interface Signpost {
  /** `tag prod` or `Gateway gw/public`. */
  readonly name: string;
  readonly object: KubeObject | undefined;
  /** Where it leads; null where it does not say, or is gone. */
  readonly leads: string | null;
  /** What its owner wrote, where that is right as well as long as the run has written nothing. */
  readonly recorded?: string | null;
  /** What puts it right, as a command. */
  readonly command: (revision: string) => string;
}

const FIELD = [['f:metadata', 'f:labels', `f:${REVISION_LABEL}`]];

/** Looks out for what leads to a revision. */
export interface SteeringLookout {
  /** Changes that somebody else has made, each once. */
  readonly look: (signposts: Signposts) => OutsideChange[];
  /** What leads to the new revision and was not seen to be moved by the run: its journal knows whether it was. */
  readonly unexplained: (signposts: Signposts) => readonly string[];
}

/**
 * Tells when somebody else points a revision tag or a Gateway of the run elsewhere, also before its time, or takes it away: pods would
 * follow that nobody watches. What the run itself has written is seen here, and from then on nothing else is right.
 * @param reached the furthest that the run was seen to have brought each of them, in whichever watch; filled here
 * @param begun those that the run has begun to move, as its journal says: istioctl leaves no other trace of who called it
 * @param told keys of what was told before; one that is right again is forgotten, so that a next time counts
 */
export function createSteeringLookout(
  { run, route, before }: { readonly run: RunRef; readonly route: Route; readonly before: Snapshot },
  { reached, begun }: { readonly reached: Map<string, string>; readonly begun: ReadonlySet<string> },
  told: Set<string>,
): SteeringLookout {
  const { from, to } = route;
  const seen = new Map<string, KubeObject>();

  const isMovedByRun = ({ name, leads }: Signpost) =>
    leads === to.revision && (reached.get(name) === leads || begun.has(name));
  const wanted = (signpost: Signpost, isOldThere: boolean): string | null => {
    const { name, leads, recorded } = signpost;
    const last = reached.get(name);
    if (leads !== null && (isMovedByRun(signpost) || (leads === from.revision && last !== to.revision))) {
      reached.set(name, leads);
      return null;
    }
    const isOwners = recorded !== undefined && leads === recorded && (last === undefined || !isOldThere);
    return isOwners ? null : (last ?? from.revision);
  };

  const all = ({ webhooks, gateways }: Signposts) => [
    ...tagsOf(before, route, webhooks),
    ...gatewaysOf(before, gateways),
  ];

  const unexplained = (signposts: Signposts): readonly string[] =>
    all(signposts)
      .filter((signpost) => signpost.leads === to.revision && !isMovedByRun(signpost))
      .map(({ name }) => name);

  const look = (signposts: Signposts): OutsideChange[] =>
    all(signposts).flatMap((signpost) => {
      const { name, object, leads, command } = signpost;
      const last = seen.get(name);
      if (object !== undefined) seen.set(name, object);
      const right = wanted(signpost, signposts.isOldThere);
      const prefix = `signpost/${name}/`;
      if (right === null) {
        for (const key of told) if (key.startsWith(prefix)) told.delete(key);
        return [];
      }
      const key = `${prefix}${leads ?? ''}`;
      if (told.has(key)) return [];
      told.add(key);
      const writer = object === undefined ? nobody(last) : writerOf(object, FIELD, last);
      const where = leads === null ? 'nowhere any more' : `to ${leads}`;
      return [
        {
          key,
          message: `${capital(name)} of cluster ${run.cluster} was changed by ${writerName(writer)}: it leads ${where}, and the run left it with ${right}.`,
          remedy: [
            `Put it right with \`${command(right)}\`, then \`meshlift resume ${run.cluster}\`.`,
            ...ignoreRuleFor(writer),
          ].join('\n'),
        },
      ];
    });

  return { look, unexplained };
}

/** Names of what a run has begun to move to a revision, by the operations of its journal. */
export function begunMoves(operations: readonly Pick<Operation, 'id'>[], revision: string): string[] {
  return operations.flatMap(({ id }) => {
    // Each try of an operation has a mark of its own at the end.
    const [kind, first = '', name = '', to] = id.replace(/#.*$/, '').split('/');
    if (kind === 'tag') return [`tag ${first}`];
    return kind === 'gateway' && to === revision ? [`Gateway ${first}/${name}`] : [];
  });
}

/** The tags that led to the old revision when the run began. */
function tagsOf(before: Snapshot, { from }: Route, webhooks: readonly KubeObject[]): Signpost[] {
  return before.objects
    .filter((entry) => pluralOf(entry) === 'mutatingwebhookconfigurations')
    .map(recordedLabels)
    .filter((labels) => labels[REVISION_LABEL] === from.revision)
    .map((labels) => labels[TAG_LABEL])
    .filter((tag) => tag !== undefined)
    .map((tag) => {
      const object = webhooks.find(({ metadata }) => metadata.labels?.[TAG_LABEL] === tag);
      return {
        name: `tag ${tag}`,
        object,
        leads: object?.metadata.labels?.[REVISION_LABEL] ?? null,
        command: (revision) => `istioctl tag set ${tag} --revision ${revision} --overwrite`,
      };
    });
}

function gatewaysOf({ gateways = {} }: Snapshot, objects: readonly KubeObject[]): Signpost[] {
  return Object.entries(gateways).flatMap(([deployment, { declared }]): Signpost[] => {
    const { namespace } = placeOf({ deployment });
    const object = objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === declared?.name);
    // One that its owner has deleted leads nobody anywhere.
    if (declared === undefined || object === undefined) return [];
    return [
      {
        name: `Gateway ${namespace}/${declared.name}`,
        object,
        leads: object.metadata.labels?.[REVISION_LABEL] ?? null,
        recorded: declared.revision,
        command: (revision) =>
          `kubectl label gateways.gateway.networking.k8s.io ${declared.name} -n ${namespace} ${REVISION_LABEL}=${revision} --overwrite`,
      },
    ];
  });
}

function nobody(last: KubeObject | undefined): Writer {
  return { manager: null, marks: last === undefined ? {} : marksOf(last) };
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
