import { named } from '../../domain/named.js';
import { RESTART_ANNOTATION } from '../../domain/names.js';
import { ignoreRuleFor, writerName, type OutsideChange, type Writer } from '../../domain/outside-change.js';
import { restartMarkOf } from '../../domain/rollout.js';
import { restartMark } from '../../domain/workload.js';
import type { RunRef } from '../contract.js';
import type { KubeObject } from '../kube/types.js';
import { asWorkload } from '../workloads/owned-pods.js';
import { writerOf } from './writer.js';

const FIELD = ['f:spec', 'f:template', 'f:metadata', 'f:annotations', `f:${RESTART_ANNOTATION}`];

interface Reverted {
  readonly name: string;
  readonly generation: number;
  readonly writer: Writer;
}

/**
 * Tells when somebody takes back the annotation by which the run has restarted a workload: a GitOps tool most of the time.
 * What was seen with the mark is remembered for as long as the watch lasts.
 */
export function createRestartLookout(run: RunRef) {
  const mark = restartMark(run.runId, 'forward');
  const marked = new Map<string, KubeObject>();

  const lookAtOne = (object: KubeObject): Reverted[] => {
    const { uid = '', generation = 0, namespace = '', name } = object.metadata;
    const last = marked.get(uid);
    const current = restartMarkOf(asWorkload(object));
    if (current === mark) {
      marked.set(uid, object);
      return [];
    }
    if (last === undefined) return [];
    marked.delete(uid);
    return [{ name: `${object.kind ?? ''} ${namespace}/${name}`, generation, writer: writerOf(object, [FIELD], last) }];
  };

  return (objects: readonly KubeObject[]): OutsideChange[] => {
    const byWriter = new Map<string, Reverted[]>();
    for (const reverted of objects.flatMap(lookAtOne)) {
      const who = writerName(reverted.writer);
      byWriter.set(who, [...(byWriter.get(who) ?? []), reverted]);
    }
    return [...byWriter].flatMap(([who, all]) => {
      const [first] = all;
      if (first === undefined) return [];
      const remedy = [
        `Whatever wrote it must leave annotation ${RESTART_ANNOTATION} of pod templates alone; then \`meshlift resume ${run.cluster}\`.`,
        ...ignoreRuleFor(first.writer),
      ];
      return [
        {
          key: `restart/${first.name}@${first.generation}`,
          message: `The restart of ${named(all.map(({ name }) => name))} in cluster ${run.cluster} was taken back by ${who}.`,
          remedy: remedy.join('\n'),
        },
      ];
    });
  };
}
