import { allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import { initialState, isFinal } from '../domain/phases.js';
import type { RunState } from '../domain/run.js';
import { takeCommands } from './commands.js';
import { openLedger } from './ledger.js';
import type { UpgradeInput } from './messages.js';
import { createMoves } from './moves.js';
import { createStory } from './story.js';

/**
 * One upgrade of one cluster, from the plan to the end, however long people take and whatever dies in between.
 * The phase says what to do next; a retry is nothing but the same phase again.
 */
export async function upgrade({ request, requestedBy }: UpgradeInput): Promise<RunState> {
  const { cluster, release } = request;
  const { runId } = workflowInfo();
  const ledger = openLedger(initialState({ cluster, release, runId, requestedBy, at: new Date().toISOString() }));
  const moves = createMoves(ledger);
  takeCommands(ledger, moves.settled);

  const story = createStory(ledger, moves, request);
  while (!isFinal(ledger.state().phase)) await story(ledger.state().phase);

  await ledger.flush();
  await condition(allHandlersFinished);
  return ledger.state();
}
