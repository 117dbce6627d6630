import { describe, expect, it } from 'vitest';
import { judgeHoldouts, judgeLeftovers, type Leftover } from '../../domain/leftovers.js';
import { WORKLOAD_ACTIONS } from '../../domain/workload-actions.js';

const left = (owner: string, row: Leftover['row'], ending = false): Leftover => ({
  pod: `zoo/${owner.replace(' ', '-').toLowerCase()}`,
  owner,
  row,
  ending,
});
const job = left('Job nightly', WORKLOAD_ACTIONS.Job.any);
const bare = left('bare', WORKLOAD_ACTIONS.Pod.any);
const beginning = (text: string) => expect.stringMatching(new RegExp(`^${text}`)) as string;
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

describe('pods with the new sidecar when everything is back', () => {
  const ofJob: Leftover = { ...job, pod: 'zoo/nightly-1-abc', owner: 'CronJob nightly', job: 'nightly-1' };

  it('are waited for where they are of Jobs, also of those of CronJobs, with the commands that end the wait', () => {
    expect(judgeHoldouts([ofJob])).toEqual({
      state: 'ending',
      reason: 'JobsUnfinished',
      detail: 'pod zoo/nightly-1-abc (Job nightly-1 of CronJob nightly)',
      ends: ['kubectl delete job nightly-1 -n zoo'],
      commands: [
        '# let Job zoo/nightly-1 finish, or end it: kubectl delete job nightly-1 -n zoo',
        'kubectl wait job/nightly-1 -n zoo --for=condition=Complete --timeout=-1s',
      ],
    });
  });

  it('need a person where nothing ends them; Jobs are named with them', () => {
    expect(judgeHoldouts([ofJob, bare])).toMatchObject({
      state: 'held',
      reason: 'PodsUnmanaged',
      detail: 'pod zoo/nightly-1-abc (Job nightly-1 of CronJob nightly), pod zoo/bare (bare)',
      commands: [
        ...['# let Job zoo/nightly-1 finish', 'kubectl wait job/nightly-1', '# pod zoo/bare'].map(beginning),
        'kubectl delete pod bare -n zoo',
      ],
    });
    expect(judgeHoldouts([bare, late])).toMatchObject({ state: 'held', reason: 'SidecarWrong' });
  });

  it('hold nothing when there are none, or when they are on their way out', () => {
    expect(judgeHoldouts([])).toEqual({ state: 'clean' });
    expect(judgeHoldouts([{ ...bare, ending: true }])).toEqual({ state: 'clean' });
  });
});
