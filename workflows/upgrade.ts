import { allHandlersFinished, condition, log, workflowInfo } from '@temporalio/workflow';
import { initialState, isFinal } from '../domain/phases.js';
import { restoringState } from '../domain/restoration.js';
import type { RunState } from '../domain/run.js';
import type { RunRef } from '../activities/contract.js';
import { lastly } from './activities.js';
import { takeCommands } from './commands.js';
import { openLedger } from './ledger.js';
import type { UpgradeInput } from './messages.js';
import { createMoves } from './moves.js';
import { watchForOutsiders } from './outsiders.js';
import { runRefOf } from './run-facts.js';
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

  await giveBack(runRefOf(ledger.state()));
  await ledger.flush();
  await condition(allHandlersFinished);
  return ledger.state();
}

/** What the run has reached does not depend on it: where the fence cannot be given back, a person takes it over. */
async function giveBack(run: RunRef): Promise<void> {
  try {
    await lastly.releaseCluster({ run });
  } catch (error) {
    log.error('the fence of the cluster cannot be given back', { error });
  }
}
