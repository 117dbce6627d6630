import { describe, expect, it } from 'vitest';
import { RESTART_ANNOTATION } from '../../domain/names.js';
import type { Pod } from '../../domain/pod.js';
import type { Workload } from '../../domain/rollout.js';
import { earlierMark } from '../../domain/taking-back.js';

const OLD = { revision: 'default', proxyTag: '1.6.13' };
const MARK = 'run-2.forward';

const marked = (value: string | null) => (value === null ? {} : { [RESTART_ANNOTATION]: value });
const workload = (value: string | null): Workload => ({
  metadata: { name: 'web' },
  spec: { template: { metadata: { annotations: marked(value) }, spec: { containers: [] } } },
});
const pod = (value: string | null, tag = '1.6.13', status?: Pod['status']): Pod => ({
  metadata: { name: 'web-1', labels: { 'istio.io/rev': 'default' }, annotations: marked(value) },
  spec: { containers: [{ name: 'istio-proxy', image: `proxyv2:${tag}` }] },
  ...(status === undefined ? {} : { status }),
});
const earlier = (pods: readonly Pod[], value: string | null = MARK) => earlierMark(workload(value), pods, MARK, OLD);

describe('a restart that brought up no pod', () => {
  it('is taken back to the template of the pods that are there', () => {
    expect(earlier([pod(null), pod(null)])).toEqual({ value: null });
    expect(earlier([pod('run-1.back')])).toEqual({ value: 'run-1.back' });
    expect(earlier([pod(null), pod(MARK, '1.6.14-asm.2', { phase: 'Failed' })])).toEqual({ value: null });
  });

  it('is not, when a pod has moved, or has the other sidecar all the same', () => {
    expect(earlier([pod(null), pod(MARK, '1.6.14-asm.2')])).toBeNull();
    expect(earlier([pod(null), pod(null, '1.6.14-asm.2')])).toBeNull();
    expect(earlier([pod(MARK)])).toBeNull();
  });

  it('is not, when it is not this one, no pod tells the old template, or they disagree', () => {
    expect(earlier([pod(null)], 'run-1.forward')).toBeNull();
    expect(earlier([pod(null)], null)).toBeNull();
    expect(earlier([])).toBeNull();
    expect(earlier([pod(null), pod('run-1.back')])).toBeNull();
  });
});
