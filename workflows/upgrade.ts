import { allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import { initialState, isFinal } from '../domain/phases.js';
import { restoringState } from '../domain/restoration.js';
import type { RunState } from '../domain/run.js';
import { takeCommands } from './commands.js';
import { openLedger } from './ledger.js';
import type { UpgradeInput } from './messages.js';
import { createMoves } from './moves.js';
import { watchForOutsiders } from './outsiders.js';
import { createStory } from './story.js';

/**
 * One upgrade of one cluster, from the plan to the end, however long people take and whatever dies in between.
 * The phase says what to do next; a retry is nothing but the same phase again. A run that takes back a succeeded one is
 * the same story, begun at its end (ADR 0006).
 */
export async function upgrade({ request, requestedBy, restores }: UpgradeInput): Promise<RunState> {
  const { cluster, release } = request;
  const { runId } = workflowInfo();
  const run = { cluster, release, runId, requestedBy, at: new Date().toISOString() };
  const ledger = openLedger(restores === undefined ? initialState(run) : restoringState(run, restores));
  const moves = createMoves(ledger);
  takeCommands(ledger, moves.settled);
  watchForOutsiders(ledger);

  const story = createStory(ledger, moves, request);
  while (!isFinal(ledger.state().phase)) await story(ledger.state().phase);

  await ledger.flush();
  await condition(allHandlersFinished);
  return ledger.state();
}
