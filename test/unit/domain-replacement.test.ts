import { describe, expect, it } from 'vitest';
import { REPLACEMENT_LABEL } from '../../domain/names.js';
import type { Pod } from '../../domain/pod.js';
import {
  judgeReplacement,
  newestCreation,
  nextToEvict,
  replacedSince,
  replacementMark,
} from '../../domain/replacement.js';
import type { Subject } from '../../domain/rollout.js';
import type { WorkloadKind } from '../../domain/workload.js';

const EXPECTED = { revision: 'asm-1614-2', proxyTag: '1.6.14-asm.2' };
const SINCE = '2026-01-01T00:00:10Z';
const BEFORE = '2026-01-01T00:00:05Z';
const AFTER = '2026-01-01T00:00:11Z';

const pod = (name: string, side: 'old' | 'new' | 'none' = 'old', ready = true, created = BEFORE): Pod => ({
  metadata: { name, creationTimestamp: created, labels: side === 'new' ? { 'istio.io/rev': 'asm-1614-2' } : {} },
  spec: {
    containers:
      side === 'none' ? [] : [{ name: 'istio-proxy', image: `p:${side === 'new' ? '1.6.14-asm.2' : '1.6.13'}` }],
  },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const subject = (kind: WorkloadKind, replicas: number): Subject => ({
  kind,
  workload: { metadata: { name: 'web' }, spec: { replicas, template: { spec: { containers: [] } } } },
  refusal: null,
});
const next = (kind: WorkloadKind, replicas: number, pods: Pod[]) =>
  nextToEvict(subject(kind, replicas), pods, EXPECTED)?.metadata.name ?? null;
const judge = (replicas: number, pods: Pod[], refusal: string | null = null) =>
  judgeReplacement({ ...subject('ReplicaSet', replicas), refusal }, pods, EXPECTED, SINCE);

describe('the pod to evict next', () => {
  it('is the one with the highest ordinal, by number', () => {
    expect(next('StatefulSet', 3, [pod('web-2'), pod('web-10'), pod('web-9')])).toBe('web-10');
    expect(next('StatefulSet', 3, [pod('web-2'), pod('web-10', 'new'), pod('web-9')])).toBe('web-9');
  });

  it('is none while a pod is missing or another one is not Ready', () => {
    expect(next('StatefulSet', 3, [pod('web-0'), pod('web-1')])).toBeNull();
    expect(next('ReplicaSet', 2, [pod('a'), pod('b', 'new', false)])).toBeNull();
  });

  it('is one that serves nobody anyway, before the others', () => {
    expect(next('StatefulSet', 3, [pod('web-0', 'old', false), pod('web-1'), pod('web-2')])).toBe('web-0');
  });

  it('is none when all are there', () => {
    expect(next('DaemonSet', 0, [pod('a', 'new'), pod('b', 'new')])).toBeNull();
  });
});

describe('a workload whose pods are replaced', () => {
  it('is done when every pod is Ready with the expected sidecar, and as many as it wants', () => {
    expect(judge(2, [pod('a', 'new'), pod('b', 'new')])).toEqual({ state: 'done', desired: 2, moved: 2 });
    expect(judge(2, [pod('a', 'new')])).toMatchObject({ state: 'moving', detail: '1 of 2 pods exist' });
    expect(judge(2, [pod('a', 'new'), pod('b')])).toMatchObject({ state: 'moving', moved: 1 });
    expect(judge(1, [pod('a', 'new', false)])).toMatchObject({ state: 'moving', moved: 0 });
  });

  it('has failed when a pod that came back is wrong: it is not evicted again', () => {
    expect(judge(1, [pod('a', 'none', true, AFTER)])).toMatchObject({ state: 'failed', reason: 'SidecarMissing' });
    expect(judge(1, [pod('a', 'old', true, AFTER)])).toMatchObject({ state: 'failed', reason: 'SidecarWrong' });
    expect(judge(1, [pod('a', 'old', true, SINCE)])).toMatchObject({ state: 'moving' });
  });

  it('says why no pod comes back', () => {
    expect(judge(1, [], 'exceeded quota: q')).toMatchObject({
      state: 'moving',
      trouble: { reason: 'FailedCreateQuota' },
    });
  });
});

describe('the mark of a replacement', () => {
  it('tells since when, to its own run and direction only', () => {
    const labels = { [REPLACEMENT_LABEL]: replacementMark('run-1.forward', SINCE) };
    const { workload } = subject('StatefulSet', 1);
    const marked = { ...workload, metadata: { name: 'web', labels } };
    expect(replacedSince(marked, 'run-1.forward')).toBe(SINCE);
    expect(replacedSince(marked, 'run-1.back')).toBeNull();
    expect(replacedSince(workload, 'run-1.forward')).toBeNull();
    const uuid = '0f9d2c1e-1111-4222-8333-444455556666';
    // What the API server allows as the value of a label.
    expect(replacementMark(`${uuid}.forward`, SINCE)).toMatch(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/);
  });

  it('is the creation of the newest pod', () => {
    expect(newestCreation([pod('a', 'old', true, AFTER), pod('b')])).toBe(AFTER);
    expect(newestCreation([])).toBe('');
  });
});
