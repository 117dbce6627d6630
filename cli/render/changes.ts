import type { NamespaceState, NamespaceStatus, RunState } from '../../domain/run.js';
import { phaseTitle } from '../../domain/phases.js';
import { phaseWords } from './run-header.js';
import { clean, counted } from './text.js';

interface Change {
  readonly at: string;
  readonly text: string;
}

/**
 * What has happened to a run between two looks at it, one plain line each, in order of time.
 * @param before null for the first look: then only what is the case now is told
 * @param now ISO 8601, for changes that carry no time of their own
 */
export function describeChanges(before: RunState | null, after: RunState, now: string): string[] {
  const changes = [
    ...phaseChanges(before, after),
    ...pauseChanges(before, after, now),
    ...rowChanges(before, after, now),
  ];
  return changes
    .toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at))
    .map(({ at, text }) => `${at} ${clean(text)}`);
}

function phaseChanges(before: RunState | null, after: RunState): Change[] {
  // Phases that came and went between two looks stand in the timeline.
  const fresh = before === null ? after.timeline.slice(-1) : after.timeline.slice(before.timeline.length);
  const changes = fresh.map(({ phase, at, note }, index): Change => {
    const isLast = index === fresh.length - 1;
    const name = isLast ? phaseWords(after) : titleOf(phase);
    // The same phase anew: its note is the news.
    const isAgain = after.timeline.at(index - fresh.length - 1)?.phase === phase && note !== undefined;
    return { at, text: (isLast && !isAgain) || note === undefined ? name : `${name} (${note})` };
  });
  if (fresh.length === 0 || !('obstacle' in after.phase)) return changes;
  const { reason, message, remedy } = after.phase.obstacle;
  return [
    ...changes,
    { at: after.since, text: `  ${reason}: ${message}` },
    { at: after.since, text: `  ${remedy}` },
    ...('manualCommands' in after.phase ? after.phase.manualCommands : []).map((command) => ({
      at: after.since,
      text: `  by hand: ${command}`,
    })),
  ];
}

/** Phases that carry no more than their name have a title; the others are told by name and note. */
function titleOf(name: RunState['phase']['name']): string {
  switch (name) {
    case 'migrating':
    case 'soaking':
    case 'blocked':
      return name;
    case 'analysing':
      return 'judging';
    case 'awaitingPromotion':
      return 'awaiting promotion';
    case 'rollingBackWave':
      return 'moving a wave back';
    case 'rollbackBlocked':
      return 'blocked while rolling back';
    default:
      return phaseTitle({ name });
  }
}

function pauseChanges(before: RunState | null, after: RunState, now: string): Change[] {
  const since = before?.pause?.since;
  if (after.pause !== null && after.pause.since !== since)
    return [{ at: after.pause.since, text: `paused by ${after.pause.by}: ${after.pause.reason}` }];
  return after.pause === null && since !== undefined ? [{ at: now, text: 'resumed' }] : [];
}

const WORDS: Readonly<Record<NamespaceStatus, string>> = {
  waiting: 'waits',
  moving: 'moves',
  moved: 'moved',
  failed: 'failed',
  skipped: 'skipped',
  movingBack: 'moves back',
  movedBack: 'moved back',
};

function rowChanges(before: RunState | null, after: RunState, now: string): Change[] {
  const old = new Map(before?.namespaces.map((row) => [row.namespace, row.status]));
  return after.namespaces
    .filter(({ namespace, status }) => status !== (old.get(namespace) ?? 'waiting'))
    .map((row) => ({ at: timeOf(row, now), text: `namespace ${row.namespace} ${WORDS[row.status]}${extra(row)}` }));
}

function timeOf({ status, startedAt, finishedAt }: NamespaceState, now: string): string {
  return (status === 'moving' || status === 'movingBack' ? startedAt : finishedAt) ?? now;
}

function extra({ workloads, pods, detail }: NamespaceState): string {
  const amount =
    workloads === undefined || pods === undefined
      ? ''
      : ` (${counted(workloads, 'workload')}, ${counted(pods, 'pod')})`;
  return detail === undefined ? amount : `${amount}: ${detail}`;
}
