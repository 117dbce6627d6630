import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultCacheDir } from '../../settings/paths.js';
import { keptWorkflowBundle, type KeptBundle } from '../../worker/workflow-bundle.js';
import { historyFromJson } from './proto-json.js';
import { historyNames, readHistory, RECORDED_RUNS, type RecordedHistory } from './histories.js';

/** What a run that began on an older worker has done must still be what this code would do. */
describe('the workflow code, over recorded histories', () => {
  let workflowBundle: KeptBundle;
  const names = historyNames();

  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    workflowBundle = await keptWorkflowBundle(defaultCacheDir());
  });

  const replay = (history: RecordedHistory) => Worker.runReplayHistory({ workflowBundle }, historyFromJson(history));

  it('has one of each run', () => {
    expect(names).toEqual([...RECORDED_RUNS]);
  });

  it.each(names)('does the same again: %s', async (name) => {
    await replay(readHistory(name));
  });

  it('would notice a step that the history does not have', async () => {
    const text = JSON.stringify(readHistory('upgrade')).replaceAll('"takeSnapshot"', '"installControlPlane"');
    await expect(replay(JSON.parse(text) as RecordedHistory)).rejects.toThrow(DeterminismViolationError);
  });
});
