import { describe, expect, it } from 'vitest';
import { judgeLeftovers, type Leftover } from '../../domain/leftovers.js';
import { WORKLOAD_ACTIONS } from '../../domain/workload-actions.js';

const left = (owner: string, row: Leftover['row'], ending = false): Leftover => ({
  pod: `zoo/${owner.replace(' ', '-').toLowerCase()}`,
  owner,
  row,
  ending,
});
const job = left('Job nightly', WORKLOAD_ACTIONS.Job.any);
const bare = left('bare', WORKLOAD_ACTIONS.Pod.any);
const late = left('Deployment late', WORKLOAD_ACTIONS.Deployment.RollingUpdate);

describe('pods that still run the old sidecar', () => {
  it('hold the old control plane: first what can be moved, then what needs a person, then Jobs', () => {
    expect(judgeLeftovers([job, bare, late], true)).toEqual({
      state: 'held',
      reason: 'OldRevisionInUse',
      detail: 'pod zoo/deployment-late (Deployment late)',
    });
    expect(judgeLeftovers([job, bare], false)).toMatchObject({ state: 'held', reason: 'PodsUnmanaged' });
    expect(judgeLeftovers([job, bare], true)).toMatchObject({ state: 'ending', reason: 'JobsUnfinished' });
  });

  it('are waited for while they are on their way out', () => {
    expect(judgeLeftovers([{ ...late, ending: true }], false)).toMatchObject({
      state: 'ending',
      reason: 'OldRevisionInUse',
    });
    expect(judgeLeftovers([{ ...bare, ending: true }], false)).toMatchObject({ state: 'ending' });
  });

  it('hold nothing when there are none, or a person has waived what there is', () => {
    expect(judgeLeftovers([], false)).toEqual({ state: 'clean', waived: [] });
    expect(judgeLeftovers([bare], true)).toEqual({ state: 'clean', waived: ['zoo/bare'] });
  });

  it('are named, but not all of a thousand', () => {
    const verdict = judgeLeftovers(
      Array.from({ length: 1_000 }, () => late),
      false,
    );
    expect('detail' in verdict && verdict.detail).toMatch(/ and 992 more$/);
  });
});
