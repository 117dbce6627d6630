import type { JournalEntry } from '../domain/journal.js';
import { FINAL_PHASES } from '../domain/phases.js';
import type { JournalReader, RunsGateway } from './deps.js';

/** What to stream, and when to stop. */
export interface RunEventsOptions {
  readonly journal: Pick<JournalReader, 'read' | 'follow'>;
  readonly runs: Pick<RunsGateway, 'find'>;
  readonly cluster: string;
  readonly runId: string;
  /** Whether the run was open when the stream began. */
  readonly open: boolean;
  /** Only entries with a greater id are sent. */
  readonly afterId: number;
  readonly keepAliveMs: number;
  /** The reader went away, or the server closes. */
  readonly signal: AbortSignal;
}

type News = JournalEntry | 'ended' | 'silent';

/**
 * The journal of a run as server-sent events: what is written already, then each entry as it comes, then `end`.
 * A silent stream says every now and then that it lives, and looks whether the run ended without a last word.
 */
export async function* runEvents(options: RunEventsOptions): AsyncGenerator<string> {
  const { journal, cluster, runId, signal } = options;
  let last = options.afterId;
  // The first bytes carry the headers: the reader knows that it is connected.
  yield 'retry: 1000\n\n';
  for await (const news of options.open ? follow(options) : []) {
    yield news === 'silent' ? ': still here\n\n' : toEvent(news);
    if (news !== 'silent') last = news.id;
  }
  if (signal.aborted) return;
  for (const entry of await journal.read(cluster, runId, last)) yield toEvent(entry);
  yield 'event: end\ndata: {}\n\n';
}

/** Entries of an open run as they are written, `silent` when there was none for a while; ends when the run does. */
async function* follow(options: RunEventsOptions): AsyncGenerator<JournalEntry | 'silent'> {
  const { journal, runs, cluster, runId, afterId, keepAliveMs, signal } = options;
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const entries = journal.follow(cluster, runId, afterId, stopped)[Symbol.asyncIterator]();
  let next: Promise<News> | null = null;
  try {
    for (;;) {
      next ??= nextNews(entries, stopped);
      const news = await orSilence(next, keepAliveMs);
      if (news === 'ended') return;
      if (news !== 'silent') next = null;
      yield news;
      // A run that was terminated from outside writes no last entry.
      const over = news === 'silent' ? !(await isOpen(runs, cluster, runId)) : isLastTransition(news);
      if (over) return;
    }
  } finally {
    stop.abort();
    // Not awaited: what the journal's reader still cleans up is none of the stream's concern.
    entries.return?.().catch(() => undefined);
  }
}

function nextNews(entries: AsyncIterator<JournalEntry, unknown>, stopped: AbortSignal): Promise<News> {
  const news = entries.next().then(
    (result): News => (result.done === true ? 'ended' : result.value),
    (error: unknown): News => {
      // A reader that is told to stop may end or throw; both mean the same.
      if (stopped.aborted) return 'ended';
      throw error;
    },
  );
  // While the stream says that it is silent nobody awaits this; a failure is found at the next turn.
  news.catch(() => undefined);
  return news;
}

async function orSilence(next: Promise<News>, ms: number): Promise<News> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<News>((resolve) => {
    timer = setTimeout(() => resolve('silent'), ms);
  });
  try {
    return await Promise.race([next, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** An unanswered question counts as open: the stream goes on, and asks again. */
async function isOpen(runs: RunEventsOptions['runs'], cluster: string, runId: string): Promise<boolean> {
  try {
    return (await runs.find(cluster, runId)).open;
  } catch {
    return true;
  }
}

function isLastTransition({ body }: JournalEntry): boolean {
  return body.type === 'transition' && FINAL_PHASES.includes(body.phase);
}

/** Readers of the same journal are given the same entries: each is written once, however many they are. */
const written = new WeakMap<JournalEntry, string>();

function toEvent(entry: JournalEntry): string {
  const known = written.get(entry);
  if (known !== undefined) return known;
  const event = `id: ${entry.id}\nevent: ${entry.body.type}\ndata: ${JSON.stringify(entry)}\n\n`;
  written.set(entry, event);
  return event;
}
