import { describe, expect, it } from 'vitest';
import { openBench, startDevServer } from './support/bench.js';

// The server whose clock skips may never take the end of a workflow task that cancels an activity just as it starts.
const bench = openBench(startDevServer);
const SHOP = { canary: { catalog: ['api'] }, rest: { cart: ['web'] } };
const CHANGE = { key: 'namespace/catalog/enabled/', message: 'Namespace catalog was relabelled.', remedy: 'Label it.' };

describe('a change from outside', () => {
  it('pauses the run with who and what to do; resumed, the run goes on and hears of it no more', async () => {
    const mesh = bench.mesh(SHOP);
    mesh.outsiders.push([CHANGE]);
    const run = await bench.startOn(mesh);
    await mesh.script.until('the run is paused', () => mesh.journal.some(({ body }) => isPause(body)));
    expect((await run.state()).pause).toMatchObject({
      by: 'meshlift',
      reason: 'Namespace catalog was relabelled.',
      remedy: 'Label it.',
    });
    await run.resume();
    await run.promoteAll('canary', 'finalize');
    expect((await run.end()).phase.name).toBe('succeeded');
    expect(mesh.watches[0]).toEqual([]);
    expect(mesh.watches.at(-1)).toEqual([CHANGE.key]);
  });

  it('tells of several at once in one pause', async () => {
    const mesh = bench.mesh(SHOP);
    const other = { ...CHANGE, key: 'other', message: 'Namespace cart was relabelled.' };
    mesh.outsiders.push([CHANGE, other]);
    const run = await bench.startOn(mesh);
    await mesh.script.until('the run is paused', () => mesh.journal.some(({ body }) => isPause(body)));
    expect((await run.state()).pause).toMatchObject({
      reason: `${CHANGE.message} ${other.message}`,
      remedy: 'Label it.',
    });
  });

  it('does not keep a rollback from beginning', async () => {
    const mesh = bench.mesh(SHOP);
    mesh.outsiders.push([CHANGE]);
    const run = await bench.startOn(mesh);
    await mesh.script.until('the run is paused', () => mesh.journal.some(({ body }) => isPause(body)));
    await run.rollBack();
    expect(await run.end()).toMatchObject({ phase: { name: 'rolledBack' }, pause: null });
  });

  it('is watched for once per stretch, not once per namespace', async () => {
    const run = await bench.start({ canary: { catalog: ['api'] }, rest: { a: ['w'], b: ['w'], c: ['w'], d: ['w'] } });
    await run.promoteAll('canary', 'finalize');
    await run.end();
    expect(run.mesh.watches).toHaveLength(1);
  });
});

function isPause(body: object): boolean {
  return 'message' in body && String(body.message).startsWith('paused by meshlift');
}
