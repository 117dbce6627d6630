import { describe, expect, it } from 'vitest';
import { ApiProblem, noAnswer, problemOf } from '../../cli/client/problem.js';
import { exitCodeOfError, exitCodeOfState, UsageError } from '../../cli/exit-codes.js';
import type { FailureReason } from '../../domain/failures.js';
import type { Phase } from '../../domain/run.js';

const obstacle = (reason: FailureReason) => ({ reason, message: 'm', remedy: 'r' });
const gate = { name: 'awaitingPromotion', wave: 0, step: 0, gate: 'canary', approvers: 1, approvals: [] } as const;

describe('the exit code of a run', () => {
  const rows: readonly (readonly [Phase, number])[] = [
    [{ name: 'planning' }, 0],
    [{ name: 'migrating', wave: 0 }, 0],
    [{ name: 'rollingBack' }, 0],
    [{ name: 'succeeded' }, 0],
    [{ name: 'rolledBack' }, 3],
    [{ name: 'rejected' }, 3],
    [{ name: 'cancelled' }, 3],
    [{ name: 'rollbackBlocked', obstacle: obstacle('SnapshotDiffers'), manualCommands: [] }, 3],
    [{ name: 'blocked', during: { name: 'installing' }, obstacle: obstacle('InstallFailed') }, 3],
    [{ name: 'blocked', during: gate, obstacle: obstacle('PromotionTimedOut') }, 5],
    [gate, 4],
  ];
  it.each(rows)('%o ends with %i', (phase, code) => {
    expect(exitCodeOfState({ phase })).toBe(code);
  });
});

describe('the exit code of a failure', () => {
  const refusal = (status: number, code = 'X') =>
    new ApiProblem({ status, code, detail: 'd', hint: '', retryable: false });
  const rows: readonly (readonly [string, unknown, number])[] = [
    ['wrong usage', new UsageError('u'), 2],
    ['a wrong token', refusal(401), 6],
    ['missing rights', refusal(403), 6],
    ['the wrong phase', refusal(409), 1],
    ['an unknown cluster', refusal(404), 1],
    ['a server that is too slow', noAnswer('http://x', new DOMException('t', 'TimeoutError')), 5],
    ['a gateway that waited in vain', refusal(504), 5],
    ['a server that is away', noAnswer('http://x', new TypeError('fetch failed')), 1],
    ['an interruption', new DOMException('a', 'AbortError'), 130],
    ['anything else', new Error('e'), 1],
    ['what is no error', 'text', 1],
  ];
  it.each(rows)('%s ends with its code', (_, error, code) => {
    expect(exitCodeOfError(error)).toBe(code);
  });
});

describe('problems', () => {
  it('are read from the problem document', () => {
    const problem = problemOf(409, {
      title: 't',
      detail: 'It is migrating.',
      code: 'WrongPhase',
      hint: 'Look.',
      retryable: true,
    });
    expect(problem.problem).toEqual({
      status: 409,
      code: 'WrongPhase',
      detail: 'It is migrating.',
      hint: 'Look.',
      retryable: true,
    });
    expect(problem.passing).toBe(false);
  });

  it('are made up from the status when a proxy answers with a page', () => {
    expect(problemOf(502, undefined)).toMatchObject({
      message: expect.stringContaining('502') as string,
      passing: true,
    });
  });

  it('name the true cause of a failed fetch', () => {
    const error = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') });
    expect(noAnswer('http://127.0.0.1:1', error).message).toContain('ECONNREFUSED');
  });
});
