import { durationText } from '../domain/duration.js';
import { named } from '../domain/named.js';
import { phaseTitle } from '../domain/phases.js';
import { stepText } from '../domain/policy/gate-words.js';
import { gateStepsOf } from '../domain/policy/of-wave.js';
import type { RunEvent, RunState, SoakChange } from '../domain/run.js';

/** What the journal says about an event, in lines for people; none for what needs none. */
export function journalLines(before: RunState, after: RunState, event: RunEvent): string[] {
  const line = journalLine(before, after, event);
  return [
    ...(event.type === 'preflightFinished' ? waiverLines(after) : []),
    ...gateLines(before, event),
    ...(line === null ? [] : [line]),
  ];
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

/** Who has done what at a gate, and what it said. */
function gateLines(before: RunState, event: RunEvent): string[] {
  switch (event.type) {
    case 'promoted':
      return [
        event.override === undefined
          ? `gate ${event.gate} promoted by ${event.by}`
          : `gate ${event.gate} overridden by ${event.by}: ${event.override}`,
      ];
    case 'soakAdjusted':
      return [`soak ${soakText(event.soak)} by ${event.by}`];
    case 'gateJudged': {
      const { wave, step, verdict, detail } = event;
      const judged = gateStepsOf(before, wave)[step];
      const gate = before.plan?.waves[wave]?.gate ?? '';
      return [`gate ${gate}, ${judged === undefined ? 'step' : stepText(judged)}: ${verdict}. ${detail}`];
    }
    case 'policyChanged':
      return [`policy changed by ${event.by}: the plan is ${event.planHash} from now on`];
    default:
      return [];
  }
}

function soakText(soak: SoakChange): string {
  if (soak === 'skip') return 'ended';
  const { extendSeconds } = soak;
  return `${extendSeconds < 0 ? 'shortened' : 'extended'} by ${durationText(Math.abs(extendSeconds))}`;
}

function namespaceLine(event: RunEvent): string | null {
  switch (event.type) {
    case 'namespacesJoined':
      return `not in the plan, joins the last wave: ${named(event.namespaces)}`;
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
