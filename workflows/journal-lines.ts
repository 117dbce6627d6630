import { phaseTitle } from '../domain/phases.js';
import type { RunEvent, RunState } from '../domain/run.js';

/** What the journal says about an event: one line for people; null for what needs none. */
export function journalLine(before: RunState, after: RunState, event: RunEvent): string | null {
  switch (event.type) {
    case 'paused':
      return `paused by ${event.by}: ${event.reason}`;
    case 'outsideChange':
      return `paused by meshlift: ${event.message}`;
    case 'removalStarted':
      return 'the old control plane is unused; its removal begins';
    case 'resumed':
      return `resumed by ${event.by}`;
    case 'failed':
      return `${phaseTitle(after.phase)}: ${event.obstacle.message}`;
    default:
      return namespaceLine(event) ?? (before.phase === after.phase ? null : phaseTitle(after.phase));
  }
}

function namespaceLine(event: RunEvent): string | null {
  switch (event.type) {
    case 'namespaceStarted':
      return `namespace ${event.namespace} moves ${event.direction}`;
    case 'namespaceFinished':
      return `namespace ${event.namespace}: ${event.workloads} workloads restarted, ${event.pods} pods on the expected sidecar`;
    case 'namespaceFailed':
      return `namespace ${event.namespace} stopped: ${event.detail}`;
    case 'namespaceSkipped':
      return `namespace ${event.namespace} is left out by ${event.by}: ${event.reason}`;
    default:
      return null;
  }
}
