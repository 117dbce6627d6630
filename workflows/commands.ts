import { ApplicationFailure } from '@temporalio/common';
import { condition, log, setHandler } from '@temporalio/workflow';
import { accept, toEvent } from '../domain/accept.js';
import type { RunCommand, RunState } from '../domain/run.js';
import type { Ledger, NewEvent } from './ledger.js';
import {
  cancelUpdate,
  changePolicyUpdate,
  pauseSignal,
  pauseUpdate,
  promoteSignal,
  promoteUpdate,
  resumeUpdate,
  retryUpdate,
  rollBackSignal,
  rollBackUpdate,
  skipNamespaceUpdate,
  stateQuery,
  type ByInput,
  type PolicyInput,
  type PromoteInput,
  type ReasonInput,
  type SkipInput,
} from './messages.js';

/**
 * Takes the commands of people, from the first instant on. An update is refused by a synchronous validator with a
 * sentence; a signal that an update would refuse is ignored. Handlers only note the command: the story reacts to it.
 * @param settled whether a pause or a resumption has reached everything that is under way
 */
export function takeCommands(ledger: Ledger, settled: () => boolean): void {
  const validator = <Input>(toCommand: (input: Input) => RunCommand) => ({
    validator: (input: Input): void => {
      const refusal = accept(ledger.state(), toCommand(input));
      if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal.message, refusal.reason);
    },
  });
  const note = (command: RunCommand): RunState => {
    ledger.apply(undated(command));
    return ledger.state();
  };
  const noteAndSettle = async (command: RunCommand): Promise<RunState> => {
    note(command);
    await condition(settled);
    return ledger.state();
  };
  const noteIfAccepted = (command: RunCommand): void => {
    const refusal = accept(ledger.state(), command);
    if (refusal === null) note(command);
    else log.warn(refusal.message, { reason: refusal.reason });
  };

  setHandler(stateQuery, ledger.state);
  setHandler(pauseUpdate, (input) => noteAndSettle(pause(input)), validator(pause));
  setHandler(resumeUpdate, (input) => noteAndSettle(resume(input)), validator(resume));
  setHandler(promoteUpdate, (input) => note(promote(input)), validator(promote));
  setHandler(rollBackUpdate, (input) => note(rollBack(input)), validator(rollBack));
  setHandler(retryUpdate, (input) => note(retry(input)), validator(retry));
  setHandler(skipNamespaceUpdate, (input) => note(skip(input)), validator(skip));
  setHandler(cancelUpdate, (input) => note(cancel(input)), validator(cancel));
  setHandler(changePolicyUpdate, (input) => note(changePolicy(input)), validator(changePolicy));
  setHandler(pauseSignal, (input) => noteIfAccepted(pause(input)));
  setHandler(promoteSignal, (input) => noteIfAccepted(promote(input)));
  setHandler(rollBackSignal, (input) => noteIfAccepted(rollBack(input)));
}

const pause = (input: ReasonInput): RunCommand => ({ ...input, type: 'pause' });
const resume = (input: ByInput): RunCommand => ({ ...input, type: 'resume' });
const promote = (input: PromoteInput): RunCommand => ({ ...input, type: 'promote' });
const changePolicy = (input: PolicyInput): RunCommand => ({ ...input, type: 'changePolicy' });
const rollBack = (input: ReasonInput): RunCommand => ({ ...input, type: 'rollBack' });
const retry = (input: ByInput): RunCommand => ({ ...input, type: 'retry' });
const skip = (input: SkipInput): RunCommand => ({ ...input, type: 'skipNamespace' });
const cancel = (input: ByInput): RunCommand => ({ ...input, type: 'cancel' });

function undated(command: RunCommand): NewEvent {
  // The ledger dates what happens; an event without its own time is what it takes.
  return toEvent(command, '');
}
