import { createHash } from 'node:crypto';
import { named } from '../../domain/named.js';
import { inRevision, ISTIO_NAMESPACE, RESTART_ANNOTATION, REVISION_LABEL } from '../../domain/names.js';
import { ignoreRuleFor, writerName, type OutsideChange, type Writer } from '../../domain/outside-change.js';
import type { Route } from '../../domain/plan.js';
import { mergePatchBetween, pathsOf, type Json } from '../../domain/snapshot.js';
import type { RunRef } from '../contract.js';
import type { KubeObject } from '../kube/types.js';
import { isGateway } from '../planning/detect-mesh.js';
import { marksOf, writerOf } from './writer.js';

/** A Deployment as it was first seen, small enough to be kept for the next watch. */
export interface Print {
  readonly uid: string;
  readonly digest: string;
  /** Which revision it belonged to, where it says so. */
  readonly revision?: string;
}

type Spec = Readonly<Record<string, Json>>;
const NOBODY: Writer = { manager: null, marks: {} };

/**
 * Tells when somebody else deletes, re-creates or edits the new istiod or a gateway. How many replicas there are is an
 * autoscaler's to say; none at all is a change. Right is what was seen at first, and what a person has accepted since.
 * @param prints what was seen at first, by name, in whichever watch; filled here
 * @param told keys of what was told before
 */
export function createDeploymentLookout(
  { run, route }: { readonly run: RunRef; readonly route: Route },
  prints: Map<string, Print>,
  told: Set<string>,
) {
  const istiod = inRevision('istiod', route.to.revision);
  const seen = new Map<string, KubeObject>();

  const tell = (key: string, message: string, writer: Writer): OutsideChange[] => {
    if (told.has(key)) return [];
    told.add(key);
    const remedy = [
      key.includes(`/${istiod}/`) ? istiodRemedy(run, istiod) : gatewayRemedy(run, key),
      ...ignoreRuleFor(writer),
    ];
    return [{ key, message, remedy: remedy.join('\n') }];
  };

  /** Whether a Deployment is as it should be; what was told of it is forgotten then, so that a next time counts. */
  const isRight = (object: KubeObject, now: Print): boolean => {
    const { name } = object.metadata;
    const print = prints.get(name);
    // One that was deleted and is there again as it was has been put right.
    const isBack = told.delete(goneKey(name)) && print?.digest === now.digest;
    if (print === undefined || isBack || isReplaced(print, now)) prints.set(name, now);
    else if (print.uid !== now.uid || print.digest !== now.digest) return false;
    for (const key of toldOf(name)) told.delete(key);
    return true;
  };
  /** The run itself has its installer replace gateways, last of all. */
  const isReplaced = (print: Print, now: Print): boolean =>
    print.uid === now.uid && print.revision !== now.revision && now.revision === route.to.revision;
  const toldOf = (name: string) => [...told].filter((key) => key.startsWith(`deployment/${name}/`));

  const lookAtOne = (object: KubeObject): OutsideChange[] => {
    const { name, uid = '' } = object.metadata;
    const last = seen.get(name);
    const digest = digestOf(object);
    seen.set(name, object);
    if (isRight(object, printOf(object, digest))) return [];
    const subject = `Deployment ${ISTIO_NAMESPACE}/${name} of cluster ${run.cluster}`;
    const writer = writerOf(object, [['f:spec']], last);
    const key = `deployment/${name}/${uid}/${digest}`;
    const isKnown = prints.get(name)?.uid === uid || toldOf(name).some((each) => each.includes(`/${uid}/`));
    if (!isKnown) return tell(key, `${subject} was made anew by ${writerName(writer)}.`, writer);
    return tell(key, `${subject} was edited by ${writerName(writer)}${whatChanged(last, object)}.`, writer);
  };

  return (objects: readonly KubeObject[]): OutsideChange[] => {
    const there = new Set(objects.map(({ metadata }) => metadata.name));
    const missing = [istiod, ...prints.keys()].filter((name) => !there.has(name));
    return [
      ...objects.filter((object) => object.metadata.name === istiod || isGateway(object)).flatMap(lookAtOne),
      ...[...new Set(missing)].flatMap((name) => {
        const writer = { ...NOBODY, marks: marksIn(seen.get(name)) };
        const message = `Deployment ${ISTIO_NAMESPACE}/${name} of cluster ${run.cluster} was deleted by an unknown writer: the API server records none for a deletion.`;
        return tell(goneKey(name), message, writer);
      }),
    ];
  };
}

function printOf({ metadata: { uid = '', labels = {} } }: KubeObject, digest: string): Print {
  const { [REVISION_LABEL]: revision } = labels;
  return { uid, digest, ...(revision !== undefined && { revision }) };
}

function goneKey(name: string): string {
  return `deployment/${name}/gone`;
}

function marksIn(object: KubeObject | undefined): Writer['marks'] {
  return object === undefined ? {} : marksOf(object);
}

/** What an edit is: not how many there are, which is an autoscaler's to say, nor a restart of the run, which has a lookout of its own. */
function decided({ spec }: KubeObject): Spec {
  const { replicas, template, ...rest } = spec as Spec;
  return { ...rest, template: withoutRestart(template), none: replicas === 0 };
}

function withoutRestart(template: Json = {}): Json {
  const { metadata = {}, ...rest } = template as { metadata?: { annotations?: Spec }; [key: string]: Json | undefined };
  const { annotations = {}, ...others } = metadata;
  const kept = Object.entries(annotations).filter(([key]) => key !== RESTART_ANNOTATION);
  return { ...rest, metadata: { ...others, annotations: Object.fromEntries(kept) } };
}

function digestOf(object: KubeObject): string {
  return createHash('sha256')
    .update(JSON.stringify(decided(object)))
    .digest('hex')
    .slice(0, 16);
}

/** The fields that differ, as the rest of a sentence; nothing when the Deployment of before was not seen. */
function whatChanged(before: KubeObject | undefined, after: KubeObject): string {
  const patch = before === undefined ? null : mergePatchBetween(decided(before), decided(after));
  if (patch === null) return '';
  const paths = pathsOf(patch).map((path) => (path === 'none' ? 'replicas' : path));
  return `: ${named(paths, 3)}`;
}

function istiodRemedy({ cluster }: RunRef, istiod: string): string {
  return `Bring ${istiod} back with the \`istioctl install\` that \`meshlift operations ${cluster}\` shows, then \`meshlift resume ${cluster}\`; or go back with \`meshlift rollback ${cluster}\`.`;
}

function gatewayRemedy({ cluster }: RunRef, key: string): string {
  const name = key.split('/')[1] ?? '';
  return `Look at \`kubectl rollout history deployment ${name} -n ${ISTIO_NAMESPACE}\`, keep the change or undo it, then \`meshlift resume ${cluster}\`.`;
}
