import { Context } from '@temporalio/activity';
import type { ApplicationFailure } from '@temporalio/common';
import { CancelledFailure } from '@temporalio/common';

/** What became of a call: `cancelling` is when it has heard of its cancellation, `cancelled` when it has really ended. */
export type Outcome = 'begun' | 'ended' | 'failed' | 'cancelling' | 'cancelled';

/** One line of the log of calls, in the order in which things happened. */
export interface LogLine {
  /** The call in words: `moveWorkload cart/web forward`. */
  readonly call: string;
  readonly outcome: Outcome;
}

/** Holds back calls until the test lets them go. */
export interface Hold {
  /** Lets go what waits and whatever comes later. */
  open(): void;
}

/** What a test decides about calls: which ones wait, which ones fail; and what it sees of them. */
export interface Script {
  readonly log: readonly LogLine[];
  /** Calls that have begun, in order. */
  begun(): string[];
  /** Holds the calls of these words. A `stubborn` one that is cancelled ends only when it is let go. */
  hold(call: string, options?: { readonly stubborn: boolean }): Hold;
  /** Makes calls of these words fail, so many times. */
  fail(call: string, failure: ApplicationFailure, times?: number): void;
  /** Waits until the log, or anything else that {@link Script.changed} tells of, is as the test wants it. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** Waits until a call has come so far. */
  sees(call: string, outcome: Outcome): Promise<void>;
  /** Something else has changed that a test may wait for. */
  changed(): void;
  /** Lets go all that waits: the test is over. */
  openAll(): void;
  /** Runs one call by the script. */
  perform<Result>(call: string, act: () => Result): Promise<Result>;
}

interface Gate {
  readonly stubborn: boolean;
  readonly opened: Promise<void>;
  readonly open: () => void;
}

/** A test that waits longer than this for a call has found a fault; nothing is decided by time. */
const PATIENCE_MS = 25_000;
/** A cancellation reaches an activity with the answer to a heartbeat. */
const HEARTBEAT_MS = 25;

/** An empty script: every call goes straight through. */
export function createScript(): Script {
  const log: LogLine[] = [];
  const gates = new Map<string, Gate>();
  const failures = new Map<string, ApplicationFailure[]>();
  const waiting = new Set<() => void>();
  const changed = () => [...waiting].forEach((look) => look());
  const note = (call: string, outcome: Outcome) => {
    log.push({ call, outcome });
    changed();
  };
  const has = (call: string, outcome: Outcome) => log.some((line) => line.call === call && line.outcome === outcome);

  const pass = async (call: string): Promise<void> => {
    const gate = gates.get(call);
    if (gate === undefined) return;
    const { cancelled, heartbeat } = Context.current();
    const beating = setInterval(heartbeat, HEARTBEAT_MS);
    try {
      await Promise.race([gate.opened, cancelled]);
    } catch (error) {
      note(call, 'cancelling');
      if (gate.stubborn) await gate.opened;
      throw error;
    } finally {
      clearInterval(beating);
    }
  };

  const until: Script['until'] = (what, holds) =>
    new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        waiting.delete(look);
        settle();
      };
      const look = () => {
        if (holds()) end(resolve);
      };
      const timer = setTimeout(() => {
        const told = log.map(({ call, outcome }) => `${outcome}: ${call}`).join('\n');
        end(() => reject(new Error(`waited in vain until ${what}; the log is\n${told}`)));
      }, PATIENCE_MS);
      waiting.add(look);
      look();
    });

  return {
    log,
    until,
    changed,
    begun: () => log.filter(({ outcome }) => outcome === 'begun').map(({ call }) => call),
    hold(call, { stubborn } = { stubborn: false }) {
      let open: () => void = () => undefined;
      const opened = new Promise<void>((resolve) => (open = resolve));
      const gate = { stubborn, opened, open };
      gates.set(call, gate);
      return { open };
    },
    fail(call, failure, times = 1) {
      failures.set(call, [...(failures.get(call) ?? []), ...Array.from({ length: times }, () => failure)]);
    },
    sees: (call, outcome) => until(`${call} has ${outcome}`, () => has(call, outcome)),
    openAll: () => gates.forEach(({ open }) => open()),
    async perform(call, act) {
      note(call, 'begun');
      try {
        await pass(call);
        const failure = failures.get(call)?.shift();
        if (failure !== undefined) throw failure;
        const result = act();
        note(call, 'ended');
        return result;
      } catch (error) {
        note(call, error instanceof CancelledFailure ? 'cancelled' : 'failed');
        throw error;
      }
    },
  };
}

/** The most calls of a kind that were under way at the same time. @param begins, ends whether a line is either */
export function mostAtOnce(
  log: readonly LogLine[],
  begins: (line: LogLine) => boolean,
  ends: (line: LogLine) => boolean,
): number {
  let now = 0;
  let most = 0;
  for (const line of log) {
    if (begins(line)) now += 1;
    if (ends(line)) now -= 1;
    most = Math.max(most, now);
  }
  return most;
}
