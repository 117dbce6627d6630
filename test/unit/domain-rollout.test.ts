import { describe, expect, it } from 'vitest';
import { RESTART_ANNOTATION } from '../../domain/names.js';
import type { Pod } from '../../domain/pod.js';
import { judgeRollout, needsRestart, type Workload } from '../../domain/rollout.js';

const EXPECTED = { revision: 'asm-1614-2', proxyTag: '1.6.14-asm.2' };
const MARK = 'run-1.forward';

interface PodSpec {
  readonly side?: 'old' | 'new' | 'none';
  readonly ready?: boolean;
  readonly mark?: string;
  readonly going?: boolean;
  readonly optsOut?: boolean;
}

let count = 0;
const sidecar = (side: PodSpec['side']) =>
  side === 'none' ? [] : [{ name: 'istio-proxy', image: `p:${side === 'old' ? '1.6.13' : '1.6.14-asm.2'}` }];
const annotationsOf = ({ mark, optsOut }: PodSpec) => ({
  ...(mark === undefined ? {} : { [RESTART_ANNOTATION]: mark }),
  ...(optsOut === true ? { 'sidecar.istio.io/inject': 'false' } : {}),
});
const pod = (wanted: PodSpec = {}): Pod => ({
  metadata: {
    name: `web-${(count += 1)}`,
    labels: (wanted.side ?? 'new') === 'new' ? { 'istio.io/rev': 'asm-1614-2' } : {},
    annotations: annotationsOf(wanted),
    ...(wanted.going === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
  spec: { containers: sidecar(wanted.side) },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: wanted.ready === false ? 'False' : 'True' }] },
});

const workload = (replicas: number, status: Workload['status'], spec: Partial<Workload['spec']> = {}): Workload => ({
  metadata: { name: 'web', generation: 2 },
  spec: { replicas, template: { spec: { containers: [] } }, ...spec },
  status: { observedGeneration: 2, ...status },
});
const all = (replicas: number) => ({
  replicas,
  updatedReplicas: replicas,
  readyReplicas: replicas,
  availableReplicas: replicas,
});
const judge = (
  object: Workload,
  pods: readonly Pod[],
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' = 'Deployment',
) => judgeRollout({ kind, workload: object, refusal: null }, pods, EXPECTED, MARK);

describe('a rollout', () => {
  it('is done when the controller has settled and every pod is Ready with the expected sidecar', () => {
    const done = { state: 'done', desired: 2, moved: 2 };
    expect(judge(workload(2, all(2)), [pod(), pod()])).toEqual(done);
    expect(judge(workload(2, { ...all(2), availableReplicas: 0 }), [pod(), pod()], 'StatefulSet')).toEqual(done);
    const daemons = { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 };
    expect(judge(workload(0, daemons), [pod(), pod()], 'DaemonSet')).toEqual(done);
  });

  it('is done for a workload that wants no pods, and for pods that opt out', () => {
    expect(judge(workload(0, all(0)), [])).toMatchObject({ state: 'done', desired: 0 });
    expect(judge(workload(1, all(1)), [pod({ side: 'none', optsOut: true })])).toMatchObject({ state: 'done' });
  });

  it.each([
    ['the controller has not seen the change', workload(1, { ...all(1), observedGeneration: 1 }), [pod()]],
    ['a pod of the old template is left', workload(1, { ...all(1), replicas: 2 }), [pod()]],
    ['the new pod is not counted as available', workload(1, { ...all(1), availableReplicas: 0 }), [pod()]],
    ['a pod runs the old proxy', workload(2, all(2)), [pod(), pod({ side: 'old' })]],
    ['a pod is not Ready', workload(1, all(1)), [pod({ ready: false })]],
    ['the status is ahead of the pods', workload(2, all(2)), [pod()]],
  ])('goes on while %s, whatever else the status claims', (_, object, pods) => {
    expect(judge(object, pods)).toMatchObject({ state: 'moving' });
  });

  it('does not wait for pods that are on their way out', () => {
    expect(judge(workload(1, all(1)), [pod(), pod({ side: 'old', going: true })])).toMatchObject({ state: 'done' });
  });

  it('has failed at once when a pod of this restart came back wrong', () => {
    const object = workload(2, all(2));
    expect(judge(object, [pod(), pod({ side: 'none', mark: MARK })])).toMatchObject({
      state: 'failed',
      reason: 'SidecarMissing',
    });
    const wrong = judge(object, [pod(), pod({ side: 'old', mark: MARK })]);
    expect(wrong).toMatchObject({ state: 'failed', reason: 'SidecarWrong', moved: 1 });
    expect('detail' in wrong && wrong.detail).toMatch(/came back with proxy 1\.6\.13, not 1\.6\.14-asm\.2$/);
    expect(judge(object, [pod(), pod({ side: 'old', mark: 'another.forward' })])).toMatchObject({ state: 'moving' });
  });

  it('has failed when the controller has given up on what it has seen, and only then', () => {
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    const late = [pod({ ready: false, mark: MARK })];
    const given = judge(workload(1, { conditions }), late);
    expect(given).toMatchObject({ state: 'failed', reason: 'ProgressDeadlineExceeded' });
    expect('detail' in given && given.detail).toMatch(/does not progress: pod web-\d+: not Ready yet$/);
    expect(judge(workload(1, { conditions, observedGeneration: 1 }), late)).toMatchObject({ state: 'moving' });
  });

  it('names a more precise reason than that where there is one', () => {
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' },
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'pods "w" is forbidden: exceeded quota: q',
      },
    ];
    expect(judge(workload(1, { conditions }), [])).toMatchObject({ state: 'failed', reason: 'FailedCreateQuota' });
  });

  it('fails at once for a crash loop of its new pods, and not for one of the old ones', () => {
    const status = {
      containerStatuses: [{ name: 'web', restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    };
    const crashing = (mark?: string): Pod => ({ ...pod({ ready: false, ...(mark ? { mark } : {}) }), status });
    expect(judge(workload(1, {}), [crashing(MARK)])).toMatchObject({ state: 'failed', reason: 'CrashLoopBackOff' });
    expect(judge(workload(1, {}), [crashing()])).toMatchObject({ state: 'moving', trouble: null });
  });
});

describe('a restart', () => {
  it('is needed for any live pod that wants the expected sidecar and has another or none', () => {
    expect(needsRestart([pod(), pod({ side: 'old' })], EXPECTED)).toBe(true);
    expect(needsRestart([pod({ side: 'none' })], EXPECTED)).toBe(true);
    expect(needsRestart([pod()], EXPECTED)).toBe(false);
    expect(needsRestart([], EXPECTED)).toBe(false);
    expect(needsRestart([pod({ side: 'none', optsOut: true }), pod({ side: 'old', going: true })], EXPECTED)).toBe(
      false,
    );
  });
});
