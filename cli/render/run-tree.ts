import { isBlocking } from '../../domain/checks/verdicts.js';
import type { Finding } from '../../domain/plan.js';
import type { RunState } from '../../domain/run.js';
import type { WorkloadProgress } from '../../domain/workload.js';
import { createPen, type Pen, type RenderOptions } from './pen.js';
import { verdictLines } from './gate-verdicts.js';
import { barLines } from './progress-bar.js';
import { nextLines, progressLines, titleLines } from './run-header.js';
import { findingBlocks, waiverLines } from './findings.js';
import { joined } from './text.js';
import { waveLines } from './wave-tree.js';

/**
 * Draws a run: what moves where, the phase, what it waits for, and the tree run, wave, namespace, workload.
 * Pure: the same input gives the same text, which ends with a line feed.
 * @param workloads progress of the workloads; shown for namespaces that move or failed
 */
export function renderRun(state: RunState, workloads: readonly WorkloadProgress[], options: RenderOptions): string {
  const pen = createPen(options);
  const full = draw(state, workloads, { pen, now: options.now, folded: false });
  const room = options.height === undefined ? Number.POSITIVE_INFINITY : Math.max(3, options.height - 1);
  if (full.length <= room) return joined(full);
  const folded = draw(state, workloads, { pen, now: options.now, folded: true });
  if (folded.length <= room) return joined(folded);
  const hidden = folded.length - room + 1;
  return joined([...folded.slice(0, room - 1), pen.line([`${pen.glyphs.more} ${hidden} more lines`, 'dim'])]);
}

interface View {
  readonly pen: Pen;
  readonly now: number;
  /** Leaves out the rows of namespaces where nothing happens. */
  readonly folded: boolean;
}

function draw(state: RunState, workloads: readonly WorkloadProgress[], { pen, now, folded }: View): string[] {
  return [
    ...titleLines(state, pen, now),
    ...barLines(state, workloads, pen),
    ...progressLines(state, pen),
    ...nextLines(state, pen),
    ...verdictLines(state, pen),
    ...section(findingBlocks(blockersOf(state), pen)),
    ...section(waiverLines(state.findings, state.requestedBy, pen)),
    ...section(waveLines({ state, workloads, now, folded }, pen)),
    ...section(proofLines(state, pen)),
    ...section(folded ? [] : archiveLines(state, pen)),
  ];
}

/** Findings stand with the plan; here only what ended the run. */
function blockersOf({ phase, findings }: RunState): readonly Finding[] {
  return phase.name === 'rejected' ? findings.filter(isBlocking) : [];
}

function proofLines({ proof }: RunState, pen: Pen): string[] {
  return proof.map(({ name, ok, detail }) =>
    pen.line([ok ? pen.glyphs.done : pen.glyphs.failed, ok ? 'green' : 'red'], [` ${name}`], [`  ${detail}`, 'dim']),
  );
}

/** What was proven and is kept before the first change: for the installation, and for the way back. */
function archiveLines({ archives = [] }: RunState, pen: Pen): string[] {
  return archives.map(({ version, role, digest }) =>
    pen.line([`${role === 'source' ? 'Kept for the way back' : 'Kept'}: ${version}`], [`  sha256 ${digest}`, 'dim']),
  );
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}
