import { phaseTitle } from '../domain/phases.js';
import type { RunEvent, RunState } from '../domain/run.js';

/** What the journal says about an event, in lines for people; none for what needs none. */
export function journalLines(before: RunState, after: RunState, event: RunEvent): string[] {
  const line = journalLine(before, after, event);
  return [...(event.type === 'preflightFinished' ? waiverLines(after) : []), ...(line === null ? [] : [line])];
}

/** Who took which risk, and why: only of what was found, once for each check. */
function waiverLines({ requestedBy, findings }: RunState): string[] {
  const lines = findings.flatMap(({ check, waived }) =>
    waived === undefined ? [] : [`${check} waived by ${requestedBy}: ${waived}`],
  );
  return [...new Set(lines)];
}

function journalLine(before: RunState, after: RunState, event: RunEvent): string | null {
  switch (event.type) {
    case 'paused':
      return `paused by ${event.by}: ${event.reason}`;
    case 'resumed':
      return `resumed by ${event.by}`;
    case 'namespaceStarted':
      return `namespace ${event.namespace} moves ${event.direction}`;
    case 'namespaceFinished':
      return `namespace ${event.namespace}: ${event.workloads} workloads restarted, ${event.pods} pods on the expected sidecar`;
    case 'namespaceFailed':
      return `namespace ${event.namespace} stopped: ${event.detail}`;
    case 'namespaceSkipped':
      return `namespace ${event.namespace} is left out by ${event.by}: ${event.reason}`;
    case 'failed':
      return `${phaseTitle(after.phase)}: ${event.obstacle.message}`;
    default:
      return before.phase === after.phase ? null : phaseTitle(after.phase);
  }
}
