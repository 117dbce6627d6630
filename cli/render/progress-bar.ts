import { wasTouched } from '../../domain/phases.js';
import type { NamespaceState, RunState } from '../../domain/run.js';
import type { WorkloadProgress } from '../../domain/workload.js';
import type { Pen } from './pen.js';
import { counted } from './text.js';

const CELLS = 24;

/** The bar of what has moved; no line while there is nothing to move. */
export function barLines(state: RunState, workloads: readonly WorkloadProgress[], pen: Pen): string[] {
  if (state.namespaces.length === 0) return [];
  const { share, text } = isGoingBack(state) ? backward(state) : forward(state, workloads);
  const full = Math.floor(share * CELLS);
  return [
    pen.line(
      [pen.glyphs.full.repeat(full), 'green'],
      [pen.glyphs.empty.repeat(CELLS - full), 'dim'],
      [`  ${text.join(` ${pen.glyphs.dot} `)}`],
    ),
  ];
}

interface Progress {
  readonly share: number;
  readonly text: readonly string[];
}

function forward({ namespaces, plan }: RunState, workloads: readonly WorkloadProgress[]): Progress {
  const skipped = withStatus(namespaces, 'skipped').length;
  const wanted = namespaces.length - skipped;
  const moved = withStatus(namespaces, 'moved');
  const underWay = new Set(withStatus(namespaces, 'moving', 'failed').map(({ namespace }) => namespace));
  const pods =
    sum(moved.map((row) => row.pods ?? 0)) +
    sum(workloads.filter(({ workload }) => underWay.has(workload.namespace)).map((progress) => progress.moved));
  const all = plan?.totals.pods ?? 0;
  return {
    share: moved.length === wanted ? 1 : ratio(pods, all),
    text: [
      `${pods}/${counted(Math.max(all, pods), 'pod')}`,
      `${moved.length}/${counted(wanted, 'namespace')} moved`,
      ...(skipped === 0 ? [] : [`${skipped} skipped`]),
    ],
  };
}

/** Going back is counted in namespaces: what a namespace has of pods to bring back is not known before it is done. */
function backward({ namespaces }: RunState): Progress {
  const touched = namespaces.filter(wasTouched);
  const back = withStatus(touched, 'movedBack').length;
  return {
    share: ratio(back, touched.length),
    text: [`${back}/${counted(touched.length, 'namespace')} moved back`],
  };
}

function isGoingBack({ phase }: RunState): boolean {
  return phase.name === 'rollingBack' || phase.name === 'rollbackBlocked' || phase.name === 'rolledBack';
}

function withStatus(rows: readonly NamespaceState[], ...wanted: readonly NamespaceState['status'][]): NamespaceState[] {
  return rows.filter(({ status }) => wanted.includes(status));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : Math.min(1, part / whole);
}
