import { describe, expect, it } from 'vitest';
import { createTurns } from '../../activities/moves/turns.js';

describe('the turns of namespaces', () => {
  it('follow the order, and those that it does not name come last, all alike', () => {
    const { placeOf } = createTurns(['a', 'b', 'c', 'd'], ['c', 'a']);
    expect(['a', 'b', 'c', 'd'].map(placeOf)).toEqual([1, 2, 0, 2]);
  });

  it('are all alike without an order', async () => {
    const { placeOf, before } = createTurns(['a', 'b']);
    expect([placeOf('a'), placeOf('b')]).toEqual([0, 0]);
    await before('b');
  });

  it('pass over one that is not moved now: nobody waits for it', async () => {
    const { placeOf, before } = createTurns(['b'], ['moved', 'b']);
    expect(placeOf('b')).toBe(0);
    await before('b');
  });

  it('come when everything before them is known', async () => {
    const turns = createTurns(['a', 'b', 'c'], ['a', 'b']);
    const came: string[] = [];
    const waits = ['c', 'b', 'a'].map(async (namespace) => {
      await turns.before(namespace);
      came.push(namespace);
    });
    await waits[2];
    expect(came).toEqual(['a']);
    turns.known('a');
    await waits[1];
    expect(came).toEqual(['a', 'b']);
    turns.known('b');
    await waits[0];
    expect(came).toEqual(['a', 'b', 'c']);
  });
});
