import { afterEach, describe, expect, it, vi } from 'vitest';
import { askTogether } from '../../api/asked-together.js';

/** Questions that are answered when the test says so. */
function asked() {
  const questions: { names: readonly string[]; answer: (text: string) => void; fail: (error: Error) => void }[] = [];
  const ask = askTogether(
    (...names: [cluster: string, runId: string]) =>
      new Promise<string>((answer, fail) => questions.push({ names, answer, fail })),
  );
  return { ask, questions };
}

afterEach(() => vi.useRealTimers());

describe('who asks the same thing at the same time', () => {
  it('shares the next answer, never one that was begun before the question', async () => {
    const { ask, questions } = asked();
    const first = ask('shop', 'latest');
    const others = [ask('shop', 'latest'), ask('shop', 'latest'), ask('shop', 'latest')];
    expect(questions).toHaveLength(1);
    questions[0]?.answer('old');
    expect(await first).toBe('old');
    await vi.waitFor(() => expect(questions).toHaveLength(2));
    const later = ask('shop', 'latest');
    questions[1]?.answer('new');
    expect(await Promise.all(others)).toEqual(['new', 'new', 'new']);
    await vi.waitFor(() => expect(questions).toHaveLength(3));
    questions[2]?.answer('newest');
    expect(await later).toBe('newest');
  });

  it('asks anew once nothing is under way', async () => {
    const { ask, questions } = asked();
    const first = ask('shop', 'latest');
    questions[0]?.answer('one');
    await first;
    const second = ask('shop', 'latest');
    expect(questions).toHaveLength(2);
    questions[1]?.answer('two');
    expect(await second).toBe('two');
  });

  it('does not mix up clusters and runs', () => {
    const { ask, questions } = asked();
    void ask('shop', 'latest');
    void ask('shop', 'a');
    void ask('bank', 'latest');
    expect(questions.map(({ names }) => names)).toEqual([
      ['shop', 'latest'],
      ['shop', 'a'],
      ['bank', 'latest'],
    ]);
  });

  it('fails with its own question only', async () => {
    const { ask, questions } = asked();
    const first = ask('shop', 'latest');
    const second = ask('shop', 'latest');
    questions[0]?.fail(new Error('no worker answers'));
    await expect(first).rejects.toThrow('no worker answers');
    await vi.waitFor(() => expect(questions).toHaveLength(2));
    questions[1]?.answer('here I am');
    expect(await second).toBe('here I am');
  });

  it('does not wait for a slow one', async () => {
    vi.useFakeTimers();
    const { ask, questions } = asked();
    const slow = ask('shop', 'latest');
    const second = ask('shop', 'latest');
    await vi.advanceTimersByTimeAsync(300);
    questions[1]?.answer('fast');
    expect(await second).toBe('fast');
    questions[0]?.answer('slow');
    expect(await slow).toBe('slow');
    void ask('shop', 'latest');
    expect(questions).toHaveLength(3);
  });
});
