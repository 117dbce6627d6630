import { parseSize, workloadsOf } from '../support/size.js';
import { markdownTable, rounded, type Spread } from '../support/statistics.js';
import { boundSeconds, budgetBoundSeconds } from './bound.js';
import { medianOf, mostOf, sibling, timeRatio, type Cell } from './cells.js';
import { TITLES } from './methods.js';
import type { RunResult } from './result.js';

/** Everything that was measured, as Markdown: one section for each mesh and rate. */
export function tablesOf(cells: readonly Cell[]): string {
  return sectionsOf(cells)
    .map(({ title, rows }) => section(title, rows, cells))
    .join('\n\n');
}

/** What belongs into one section, and its title. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Cell[];
}

/** The cells of each mesh and rate. */
export function sectionsOf(cells: readonly Cell[]): Section[] {
  const meshes = new Map<string, Cell[]>();
  for (const cell of cells) {
    const { size, rate, runs } = cell;
    const counted = runs.slice(0, 1).map(({ workloads, pods }) => `: ${workloads} Deployments, ${pods} pods`);
    const title = `${size}, ${rate} controller rate${counted.join('')}`;
    meshes.set(title, [...(meshes.get(title) ?? []), cell]);
  }
  return [...meshes].map(([title, rows]) => ({ title, rows }));
}

function section(title: string, rows: readonly Cell[], cells: readonly Cell[]): string {
  return [
    `### ${title}`,
    markdownTable(
      ['', 'runs', 'seconds, median (min to max)', 'x floor', 'x guide', 'pods/min', 'most unavailable', 'most extra'],
      [...rows.map((cell) => timeRow(cell, cells)), ...boundRows(rows)],
    ),
    markdownTable(
      ['', 'API requests', 'a workload', 'of them its own', '429', 'left on old', 'restarted twice', 'faults'],
      rows.map(requestRow),
    ),
    clientTable(rows),
    ...meshliftTable(rows),
  ].join('\n\n');
}

const spread = (seconds: Spread | null) =>
  seconds === null
    ? 'never'
    : `${rounded(seconds.median, 1)} (${rounded(seconds.min, 1)} to ${rounded(seconds.max, 1)})`;
const ratio = (value: number | null) => (value === null ? '' : String(rounded(value, 2)));

/** Name, runs, seconds, times the floor, times as fast as the guide's loop, pods a minute. */
export function speedOf(cell: Cell, cells: readonly Cell[]): string[] {
  const { method, runs, seconds } = cell;
  const pods = runs[0]?.pods ?? 0;
  return [
    TITLES[method],
    String(runs.length),
    spread(seconds),
    ratio(timeRatio(cell, sibling(cells, cell, 'd'))),
    ratio(timeRatio(sibling(cells, cell, 'a'), cell)),
    seconds === null ? '' : String(Math.round((pods / seconds.median) * 60)),
  ];
}

function timeRow(cell: Cell, cells: readonly Cell[]): string[] {
  return [
    ...speedOf(cell, cells),
    String(mostOf(cell, ({ observation }) => observation.peakUnavailable)),
    String(mostOf(cell, ({ observation }) => observation.peakExtra)),
  ];
}

/** The rows of what no tool can beat: title, nothing, seconds, nothing, nothing, pods a minute, nothing, nothing. */
export function boundRows([cell]: readonly Cell[]): string[][] {
  if (cell === undefined) return [];
  const workloads = workloadsOf(parseSize(cell.size));
  const bounds = [
    [TITLES.e, boundSeconds(workloads)],
    [`${TITLES.e}, inside 5 %`, budgetBoundSeconds(workloads, 'restart')],
    ['(e) the same of `evict`, inside 5 %', budgetBoundSeconds(workloads, 'evict')],
  ] as const;
  const pods = cell.runs[0]?.pods ?? 0;
  return bounds.map(([title, seconds]) => {
    const perMinute = String(Math.round((pods / seconds) * 60));
    return [title, '', String(rounded(seconds, 1)), '', '', perMinute, '', ''];
  });
}

/** Who moves the mesh; every other client is the cluster itself. */
const MOVERS = ['meshlift', 'kubectl', 'bench-floor'];

/** Requests of the tool's own, refused as too many, pods left on the old proxy, workloads restarted twice. */
export function troubleOf(cell: Cell): string[] {
  const own = ({ requests }: RunResult) =>
    MOVERS.reduce((sum, client) => sum + (requests.byClient[client]?.total ?? 0), 0);
  return [
    String(medianOf(cell, own)),
    String(mostOf(cell, ({ requests }) => requests.tooMany)),
    String(mostOf(cell, ({ observation }) => observation.atEnd.old)),
    String(mostOf(cell, ({ observation }) => observation.doubleRestarts.length)),
  ];
}

function requestRow(cell: Cell): string[] {
  const workloads = cell.runs[0]?.workloads ?? 1;
  const total = medianOf(cell, ({ requests }) => requests.total);
  return [
    TITLES[cell.method],
    String(total),
    String(rounded(total / workloads, 1)),
    ...troubleOf(cell),
    String(cell.runs.filter(({ faults }) => faults.length > 0).length),
  ];
}

/** Requests by client and verb, of the first run of each method: the same code asks the same things. */
function clientTable(rows: readonly Cell[]): string {
  const lines = rows.flatMap(({ method, runs: [run] }) =>
    Object.entries(run?.requests.byClient ?? {})
      .filter(([, { total }]) => total >= 20)
      .map(([client, { total, byVerb }]) => {
        const verbs = Object.entries(byVerb).sort(([, a], [, b]) => b - a);
        return [TITLES[method], client, String(total), verbs.map(([verb, count]) => `${verb} ${count}`).join(', ')];
      }),
  );
  return [
    '<details><summary>Requests by client and verb</summary>\n',
    markdownTable(['', 'client', 'requests', 'by verb'], lines),
    '\n</details>',
  ].join('\n');
}

function meshliftTable(rows: readonly Cell[]): string[] {
  const lines = rows.flatMap((cell) => {
    if (cell.runs.every(({ meshlift }) => meshlift === undefined)) return [];
    const median = (pick: (figures: NonNullable<RunResult['meshlift']>, run: RunResult) => number) =>
      String(medianOf(cell, (run) => (run.meshlift === undefined ? 0 : pick(run.meshlift, run))));
    return [
      [
        TITLES[cell.method],
        median(({ histories }, { namespaces }) => histories.events / namespaces),
        median(({ histories }, { namespaces }) => histories.bytes / 1024 / namespaces),
        median(({ histories }) => histories.longestEvents),
        median(({ workerCpuSeconds }) => workerCpuSeconds),
        median(({ workerPeakRssMb }) => workerPeakRssMb),
        median(({ temporalCpuSeconds }) => temporalCpuSeconds),
        median(({ temporalPeakRssMb }) => temporalPeakRssMb),
        median(({ tailSeconds }) => tailSeconds ?? 0),
      ],
    ];
  });
  if (lines.length === 0) return [];
  const header = [
    '',
    'history events a namespace',
    'KiB a namespace',
    'longest history',
    'worker CPU s',
    'worker RSS MB',
  ];
  return [markdownTable([...header, 'Temporal CPU s', 'Temporal RSS MB', 'says so after s'], lines)];
}
