import { describe, expect, it } from 'vitest';
import { unfinished } from '../../domain/mid-rollout.js';
import type { Pod } from '../../domain/pod.js';
import type { Workload } from '../../domain/rollout.js';
import { MOVABLE_KINDS, type WorkloadKind } from '../../domain/workload.js';

const workload = (status: Workload['status'], spec: Partial<Workload['spec']> = {}): Workload => ({
  metadata: { name: 'web', generation: 2 },
  spec: { replicas: 3, template: { spec: { containers: [] } }, ...spec },
  status: { observedGeneration: 2, ...status },
});
const progressing = (reason: string) => ({
  replicas: 3,
  updatedReplicas: 3,
  conditions: [{ type: 'Progressing', status: 'True', reason }],
});
const ofRevision = (revision: string): Pod => ({
  metadata: { name: 'web-0', labels: { 'controller-revision-hash': revision } },
  spec: { containers: [] },
});
const onDelete = { updateStrategy: { type: 'OnDelete' } };
const partition = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } };
const REVISIONS = { currentRevision: 'a', updateRevision: 'b' };

describe('a workload that somebody else rolls out', () => {
  it.each<[string, WorkloadKind, Workload, Pod[], string, boolean]>([
    [
      'has a change that its controller has not seen',
      'Deployment',
      workload({ observedGeneration: 1 }),
      [],
      'not seen',
      false,
    ],
    [
      'has pods of two templates',
      'Deployment',
      workload({ replicas: 4, updatedReplicas: 1 }),
      [],
      '3 of its pods',
      false,
    ],
    [
      'has new pods that are not Ready',
      'Deployment',
      workload(progressing('ReplicaSetUpdated')),
      [],
      'not complete',
      false,
    ],
    ['is stuck', 'Deployment', workload(progressing('ProgressDeadlineExceeded')), [], 'does not progress', true],
    [
      'has updated one of three',
      'StatefulSet',
      workload({ replicas: 3, updatedReplicas: 1, ...REVISIONS }),
      [],
      '2 of its',
      false,
    ],
    [
      'has not updated what is above its partition',
      'StatefulSet',
      workload({ replicas: 3, updatedReplicas: 0, ...REVISIONS }, partition),
      [],
      '1 of its pods',
      false,
    ],
    [
      'has a change that waits for deletions',
      'StatefulSet',
      workload({ replicas: 3, ...REVISIONS }, onDelete),
      [ofRevision('a'), ofRevision('b')],
      '1 of its pods are of an older template, and evicting',
      true,
    ],
    [
      'has a node to go',
      'DaemonSet',
      workload({ desiredNumberScheduled: 3, updatedNumberScheduled: 2 }),
      [],
      '1 of its',
      false,
    ],
    [
      'has a change that waits for deletions on nodes',
      'DaemonSet',
      workload({ desiredNumberScheduled: 3, updatedNumberScheduled: 0 }, onDelete),
      [],
      '3 of its pods are of an older template, and evicting',
      true,
    ],
    ['is Progressing by Argo', 'Rollout', workload({ phase: 'Progressing' }), [], 'Progressing', false],
    ['is restarted by somebody', 'Rollout', workload({ phase: 'Healthy' }, { restartAt: 't' }), [], 'asked for', false],
  ])('%s (%s)', (...row) => {
    const [, kind, object, pods, detail, stuck] = row;
    expect(unfinished(kind, object, pods)).toMatchObject({ detail: expect.stringContaining(detail) as string, stuck });
  });

  it.each<[string, WorkloadKind, Workload, Pod[]]>([
    ['a Deployment whose rollout is complete', 'Deployment', workload(progressing('NewReplicaSetAvailable')), []],
    [
      'a Deployment with an unhealthy pod',
      'Deployment',
      workload({ ...progressing('NewReplicaSetAvailable'), availableReplicas: 1 }),
      [],
    ],
    ['a StatefulSet', 'StatefulSet', workload({ replicas: 3, updatedReplicas: 3, ...REVISIONS }), []],
    [
      'a partition that was reached',
      'StatefulSet',
      workload({ replicas: 3, updatedReplicas: 1, ...REVISIONS }, partition),
      [],
    ],
    [
      'OnDelete without a change',
      'StatefulSet',
      workload({ replicas: 3, updateRevision: 'b' }, onDelete),
      [ofRevision('b')],
    ],
    ['a DaemonSet', 'DaemonSet', workload({ desiredNumberScheduled: 3, updatedNumberScheduled: 3 }), []],
    ['a Rollout', 'Rollout', workload({ phase: 'Healthy', restartedAt: 't' }, { restartAt: 't' }), []],
    ['a ReplicaSet', 'ReplicaSet', workload({ replicas: 1 }), []],
  ])('is not %s', (_, kind, object, pods) => {
    expect(unfinished(kind, object, pods)).toBeNull();
  });

  it('is never guessed from a status that is behind, whatever the kind', () => {
    const behind = workload({ observedGeneration: 1, replicas: 3, updatedReplicas: 3 });
    for (const kind of MOVABLE_KINDS.filter((candidate) => candidate !== 'Rollout')) {
      expect(unfinished(kind, behind, [])).toMatchObject({ stuck: false });
    }
  });
});
