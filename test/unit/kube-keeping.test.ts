import { describe, expect, it } from 'vitest';
import { keepingOf } from '../../activities/kube/keeping.js';
import type { KubeObject } from '../../activities/kube/types.js';
import { writerOf } from '../../activities/outsiders/writer.js';
import { workloadCollection } from '../../activities/workloads/resources.js';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const REPLICAS = ['f:spec', 'f:replicas'];

/** A Deployment that somebody has applied and scaled, and of which controllers have reported, as 1.21 and as 1.22 say it. */
const deployment: KubeObject = {
  metadata: {
    name: 'cart',
    namespace: 'shop',
    annotations: { [LAST_APPLIED]: '{"kind":"Deployment"}', 'argocd.argoproj.io/tracking-id': 'shop' },
    managedFields: [
      {
        manager: 'kubectl-client-side-apply',
        operation: 'Update',
        time: '2026-01-01T00:00:00Z',
        fieldsV1: { 'f:spec': {} },
      },
      {
        manager: 'scaler',
        operation: 'Update',
        time: '2026-01-02T00:00:00Z',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      },
      {
        manager: 'kube-controller-manager',
        operation: 'Update',
        time: '2026-01-03T00:00:00Z',
        fieldsV1: { 'f:metadata': { 'f:annotations': {} }, 'f:status': { 'f:replicas': {} } },
      },
      { manager: 'kube-controller-manager', subresource: 'status', fieldsV1: { 'f:status': { 'f:replicas': {} } } },
    ],
  },
  spec: { replicas: 3 },
  status: { readyReplicas: 3 },
};

describe('what a store keeps of a workload', () => {
  const { slim = (object: KubeObject) => object } = keepingOf(workloadCollection('Deployment'));
  const kept = slim(deployment);

  it('is what it wants, how it is, and whose it is', () => {
    expect(kept).toMatchObject({ spec: { replicas: 3 }, status: { readyReplicas: 3 } });
    expect(kept.metadata.annotations).toEqual({ 'argocd.argoproj.io/tracking-id': 'shop' });
    expect(writerOf(kept, [REPLICAS])).toEqual({
      ...writerOf(deployment, [REPLICAS]),
      marks: kept.metadata.annotations,
    });
    expect(writerOf(kept, [REPLICAS]).manager).toBe('scaler');
  });

  it('leaves out who reports', () => {
    expect(kept.metadata.managedFields?.map(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}))).toEqual([
      ['f:spec'],
      ['f:spec'],
      ['f:metadata'],
    ]);
  });

  it('takes nothing from the object itself, and adds nothing', () => {
    expect(deployment.metadata.managedFields).toHaveLength(4);
    expect(deployment.metadata.annotations).toHaveProperty([LAST_APPLIED]);
    const plain = { metadata: { name: 'cart' }, spec: {} };
    expect(slim(plain)).toEqual(plain);
  });
});
