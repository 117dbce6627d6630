import { describe, expect, it } from 'vitest';
import type { Pod } from '../../domain/pod.js';
import { troubleOf } from '../../domain/trouble.js';

const pod = (name: string, status: Pod['status'] = {}): Pod => ({
  metadata: { name },
  spec: { containers: [] },
  status,
});
const waits = (reason: string, restartCount = 0) => ({
  containerStatuses: [{ name: 'web', restartCount, state: { waiting: { reason } } }],
});
const unplaced = {
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
};

describe('what keeps new pods from running', () => {
  it.each([
    ['CrashLoopBackOff', 'now', waits('CrashLoopBackOff', 3)],
    ['CrashLoopBackOff', 'late', waits('CrashLoopBackOff', 2)],
    ['ImagePullBackOff', 'soon', waits('ImagePullBackOff')],
    ['ImagePullBackOff', 'soon', waits('ErrImagePull')],
    ['ImagePullBackOff', 'now', waits('InvalidImageName')],
    ['Unschedulable', 'late', unplaced],
    ['CrashLoopBackOff', 'now', { initContainerStatuses: waits('CrashLoopBackOff', 4).containerStatuses }],
  ] as const)('is %s, %s', (reason, urgency, status) => {
    expect(troubleOf([pod('web-1', status)], null)).toMatchObject({ reason, urgency });
  });

  it.each([
    ['FailedCreateWebhook', 'Internal error occurred: failed calling webhook "sidecar-injector.istio.io": EOF'],
    ['FailedCreateWebhook', 'admission webhook "policy.example" denied the request: no'],
    ['FailedCreateQuota', 'pods "web-1" is forbidden: exceeded quota: small, requested: pods=1'],
    ['FailedCreateQuota', 'pods "web-1" is forbidden: failed quota: small: must specify cpu'],
    ['FailedCreate', 'pods "web-1" is forbidden: unable to validate against any pod security policy'],
  ])('is %s when the API server says: %s', (reason, message) => {
    expect(troubleOf([], message)).toEqual({ reason, urgency: 'soon', detail: `no pod could be created: ${message}` });
  });

  it('is nothing for pods that just start, are Ready, or are on their way out', () => {
    expect(troubleOf([pod('a'), pod('b', waits('ContainerCreating'))], null)).toBeNull();
    const ready = { ...waits('CrashLoopBackOff', 9), conditions: [{ type: 'Ready', status: 'True' }] };
    expect(troubleOf([pod('a', ready)], null)).toBeNull();
    const leaving = { ...pod('a', waits('CrashLoopBackOff', 9)) };
    const going = { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(troubleOf([going], null)).toBeNull();
  });

  it('names every pod with the most urgent trouble, and no other', () => {
    const pods = [pod('a', unplaced), pod('b', waits('CrashLoopBackOff', 5)), pod('c', waits('CrashLoopBackOff', 3))];
    expect(troubleOf(pods, 'exceeded quota: q')).toEqual({
      reason: 'CrashLoopBackOff',
      urgency: 'now',
      detail: 'pods b, c: container web: CrashLoopBackOff',
    });
    expect(troubleOf([pods[0]!], null)?.detail).toBe('pod a: not scheduled: 0/1 nodes');
  });
});
