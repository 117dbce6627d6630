import { Context } from '@temporalio/activity';
import { MOVES_SIGNAL, type MovedNamespace, type MoveProgress, type MovesTold } from '../../domain/moves-told.js';
import { betweenSignals } from '../../domain/scheduling/telling.js';
import type { Direction } from '../../domain/workload.js';

/** Tells the run what happens to its namespaces, in few words: each signal costs four events of its history. */
export interface Teller {
  /** Resolves when the run knows: what it does not know of it cannot bring back. */
  started(namespace: string): Promise<void>;
  finished(namespace: MovedNamespace): void;
  failed(namespace: string, detail: string): void;
  progress(progress: MoveProgress): void;
  /** Resolves when everything has been told, without any further delay. @throws what the last signal threw */
  flush(): Promise<void>;
}

/** What can wait is told together with what comes within this time. */
const GATHER_MS = 2_000;

type Batch = { -readonly [Field in keyof Omit<MovesTold, 'direction'>]: MovesTold[Field] };

const nothing = (): Batch => ({ started: [], finished: [], failed: [], progress: null });

/** A teller to the workflow that has called the activity. */
export function createTeller(direction: Direction): Teller {
  const { client, info } = Context.current();
  const { workflowId = '', runId = '' } = info.workflowExecution ?? {};
  const handle = client.workflow.getHandle(workflowId, runId);
  return createBatchTeller((batch) => handle.signal<[MovesTold]>(MOVES_SIGNAL, { direction, ...batch }));
}

/** A teller that sends one batch after the other. */
export function createBatchTeller(send: (batch: Omit<MovesTold, 'direction'>) => Promise<void>): Teller {
  let batch = nothing();
  let isEmpty = true;
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let sent = 0;
  let isEnding = false;
  let goOn: () => void = () => undefined;
  const pause = (): Promise<void> | undefined => {
    const pauseMs = isEnding ? 0 : betweenSignals(sent);
    if (pauseMs === 0) return undefined;
    return new Promise((resolve) => {
      goOn = resolve;
      setTimeout(resolve, pauseMs);
    });
  };

  /** One signal at a time; whoever comes meanwhile goes with the next one. */
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (isEmpty) return next ?? last;
    next ??= last
      .catch(() => undefined)
      .then(pause)
      .then(() => {
        const told = batch;
        sent += 1;
        [batch, isEmpty, next] = [nothing(), true, null];
        return (last = send(told));
      });
    return next;
  };
  const later = () => {
    isEmpty = false;
    timer ??= setTimeout(() => void flush().catch(() => undefined), GATHER_MS);
  };

  return {
    started(namespace) {
      batch.started = [...batch.started, namespace];
      isEmpty = false;
      return flush();
    },
    finished(namespace) {
      batch.finished = [...batch.finished, namespace];
      later();
    },
    failed(namespace, detail) {
      batch.failed = [...batch.failed, { namespace, detail }];
      later();
    },
    progress(progress) {
      batch.progress = progress;
      later();
    },
    flush() {
      isEnding = true;
      goOn();
      return flush();
    },
  };
}
