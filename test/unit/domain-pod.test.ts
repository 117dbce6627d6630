import { describe, expect, it } from 'vitest';
import { wantsSidecar } from '../../domain/injection.js';
import {
  hasSidecar,
  imageTag,
  isKept,
  isLive,
  isReady,
  namePods,
  proxyTagOf,
  runsSidecarOf,
  whyNotReady,
  type Pod,
} from '../../domain/pod.js';

const EXPECTED = { revision: 'asm-1614-2', proxyTag: '1.6.14-asm.2' };
const proxy = (tag: string) => ({ name: 'istio-proxy', image: `gcr.io/asm/proxyv2:${tag}` });

interface Parts {
  readonly metadata?: Partial<Pod['metadata']>;
  readonly spec?: Partial<Pod['spec']>;
  readonly status?: Pod['status'];
}

const pod = ({ metadata, spec, status }: Parts = {}): Pod => ({
  metadata: { name: 'web-1', ...metadata },
  spec: { containers: [{ name: 'web', image: 'web:1' }], ...spec },
  ...(status === undefined ? {} : { status }),
});
const owned = (kind: string, controller = true) =>
  pod({ metadata: { ownerReferences: [{ kind, name: 'web', uid: '1', controller }] } });

describe('the tag of an image', () => {
  it.each([
    ['gcr.io/asm/proxyv2:1.6.14-asm.2', '1.6.14-asm.2'],
    ['localhost:5000/proxyv2', 'latest'],
    ['localhost:5000/proxyv2:1.6.13', '1.6.13'],
    ['proxyv2', 'latest'],
    ['proxyv2@sha256:abc', 'abc'],
  ])('of %s is %s', (image, tag) => {
    expect(imageTag(image)).toBe(tag);
  });
});

describe('the proxy of a pod', () => {
  it('is found beside the containers and as an init container that stays', () => {
    expect(proxyTagOf(pod({ spec: { containers: [proxy('1.6.13')] } }))).toBe('1.6.13');
    expect(proxyTagOf(pod({ spec: { initContainers: [proxy('1.6.13')] } }))).toBe('1.6.13');
    expect(proxyTagOf(pod())).toBeNull();
  });

  it('is the expected one only when both image and revision are', () => {
    const labels = { 'istio.io/rev': 'asm-1614-2' };
    const spec = { containers: [proxy('1.6.14-asm.2')] };
    expect(hasSidecar(pod({ metadata: { labels }, spec }), EXPECTED)).toBe(true);
    expect(hasSidecar(pod({ metadata: { labels } }), EXPECTED)).toBe(false);
    expect(hasSidecar(pod({ spec }), EXPECTED)).toBe(false);
    expect(hasSidecar(pod({ spec }), { ...EXPECTED, revision: null })).toBe(true);
  });

  it('tells which control plane serves it: by its image or its revision, from 1.5 also by having none', () => {
    const of = (tag: string, rev?: string) =>
      pod({
        metadata: rev === undefined ? {} : { labels: { 'istio.io/rev': rev } },
        spec: { containers: [proxy(tag)] },
      });
    const old = { revision: 'default', proxyTag: '1.6.13' };
    const from15 = { revision: null, proxyTag: '1.5.10' };
    expect(runsSidecarOf(of('1.6.13'), old, EXPECTED)).toBe(true);
    expect(runsSidecarOf(of('1.6.9', 'default'), old, EXPECTED)).toBe(true);
    expect(runsSidecarOf(of('1.6.14-asm.2', 'asm-1614-2'), old, EXPECTED)).toBe(false);
    expect(runsSidecarOf(of('1.6.14-asm.2', 'asm-1614-2'), EXPECTED, old)).toBe(true);
    expect(runsSidecarOf(of('1.5.4'), from15, EXPECTED)).toBe(true);
    expect(runsSidecarOf(of('1.6.14-asm.2'), from15, EXPECTED)).toBe(false);
    expect(runsSidecarOf(pod(), from15, EXPECTED)).toBe(false);
  });
});

describe('a pod', () => {
  it.each(['false', 'no', 'off', 'n'])('that says %s to injection wants no sidecar', (word) => {
    expect(wantsSidecar(pod({ metadata: { annotations: { 'sidecar.istio.io/inject': word } } }))).toBe(false);
    // The injectors of 1.5 and 1.6 do not hear the label.
    expect(wantsSidecar(pod({ metadata: { labels: { 'sidecar.istio.io/inject': word } } }))).toBe(true);
  });

  it('wants a sidecar otherwise, unless it shares the network of its node', () => {
    expect(wantsSidecar(pod())).toBe(true);
    expect(wantsSidecar(pod({ metadata: { annotations: { 'sidecar.istio.io/inject': 'true' } } }))).toBe(true);
    expect(wantsSidecar(pod({ spec: { hostNetwork: true } }))).toBe(false);
  });

  it('does nothing any more once it has finished or is on its way out', () => {
    expect(isLive(pod({ status: { phase: 'Running' } }))).toBe(true);
    expect(isLive(pod({ status: { phase: 'Succeeded' } }))).toBe(false);
    expect(isLive(pod({ status: { phase: 'Failed' } }))).toBe(false);
    expect(isLive(pod({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }))).toBe(false);
  });

  it('comes back by itself only when a controller that restarts keeps it', () => {
    for (const kind of ['ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet']) {
      expect(isKept(owned(kind))).toBe(true);
    }
    expect(isKept(owned('Job'))).toBe(false);
    expect(isKept(owned('ReplicaSet', false))).toBe(false);
    expect(isKept(pod())).toBe(false);
  });

  it('is named with at most four others', () => {
    const named = (count: number) =>
      namePods(Array.from({ length: count }, (_, index) => pod({ metadata: { name: `p${index}` } })));
    expect(named(2)).toBe('p0, p1');
    expect(named(7)).toBe('p0, p1, p2, p3, p4 and 2 more');
  });

  it('says in a few words why it is not Ready', () => {
    const waiting = { name: 'web', state: { waiting: { reason: 'CrashLoopBackOff' } } };
    const unscheduled = { type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' };
    expect(whyNotReady(pod({ status: { containerStatuses: [waiting] } }))).toBe('container web: CrashLoopBackOff');
    expect(whyNotReady(pod({ status: { conditions: [unscheduled] } }))).toBe('not scheduled: 0/3 nodes are available');
    expect(whyNotReady(pod())).toBe('not Ready yet');
    expect(isReady(pod({ status: { conditions: [{ type: 'Ready', status: 'True' }] } }))).toBe(true);
    expect(isReady(pod({ status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }))).toBe(false);
  });
});
