import { CHECKS, isCheckId, type CheckResult } from '../../domain/checks/catalogue.js';
import { CHECK_GROUPS, type CheckGroup } from '../../domain/checks/descriptor.js';
import { inOrder } from '../../domain/checks/verdicts.js';
import { groupBy } from '../../domain/group-by.js';
import type { Finding } from '../../domain/plan.js';
import type { Glyph, Pen, Style } from './pen.js';
import { counted, wrap } from './text.js';

type Standing = Finding['severity'] | 'waived';

const MARKS: Readonly<Record<Standing, readonly [Glyph, Style]>> = {
  blocker: ['failed', 'red'],
  unknown: ['failed', 'red'],
  warning: ['warning', 'yellow'],
  waived: ['skipped', 'cyan'],
  info: ['waiting', 'dim'],
};

/** Worst first; how one and how many of them are called. */
const NAMES: Readonly<Record<Standing, readonly [string, string]>> = {
  blocker: ['blocker', 'blockers'],
  unknown: ['unknown', 'unknown'],
  warning: ['warning', 'warnings'],
  waived: ['waived', 'waived'],
  info: ['note', 'notes'],
};

/** How many findings, and how many lines of a command, are shown where not everything is asked for. */
const SHOWN = 5;
/** How many lines of a diff are: it is the answer itself. */
const DIFF_SHOWN = 12;

/** How much is shown: with `wide` everything. */
export interface FindingDetail {
  readonly wide?: boolean | undefined;
}

/** Findings under the headings of their groups, the group with the worst one first. */
export function findingSections(findings: readonly Finding[], pen: Pen, detail: FindingDetail = {}): string[] {
  const byGroup = groupBy(inOrder(findings), groupOf);
  const names = Object.keys(CHECK_GROUPS) as CheckGroup[];
  const groups = [...byGroup].sort(
    ([a, [one]], [b, [other]]) => rank(one) - rank(other) || names.indexOf(a) - names.indexOf(b),
  );
  return groups.flatMap(([group, members]) => [
    pen.line([`  ${CHECK_GROUPS[group]}`, 'bold'], [` ${pen.glyphs.dot} ${countsOf(members)}`, 'dim']),
    ...findingBlocks(members, { ...pen, width: pen.width - 4 }, detail).map((line) => `    ${line}`),
  ]);
}

/** Findings one after the other; those of one check stand together under one mark. */
export function findingBlocks(findings: readonly Finding[], pen: Pen, detail: FindingDetail = {}): string[] {
  const blocks = groupBy(inOrder(findings), ({ check, severity, reason, waived }) =>
    JSON.stringify([check, severity, reason, waived]),
  );
  return [...blocks.values()].flatMap((members) => blockLines(members, pen, detail));
}

/** `1 blocker, 2 warnings, 1 note`. */
export function countsOf(findings: readonly Finding[]): string {
  const counts = (Object.entries(NAMES) as [Standing, readonly [string, string]][]).map(([standing, [one, many]]) => {
    const count = findings.filter((finding) => standingOf(finding) === standing).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
  return counts.flat().join(', ');
}

/** What a run went on in spite of, a line for each check: the findings themselves stand with the plan. */
export function waiverLines(findings: readonly Finding[], by: string, pen: Pen): string[] {
  const waived = groupBy(
    inOrder(findings).filter((finding) => finding.waived !== undefined),
    ({ check }) => check,
  );
  return [...waived].map(([check, members]) => {
    const [glyph, style] = MARKS.waived;
    const worst = members[0];
    return pen.line(
      [`${pen.glyphs[glyph]} ${check}`, style],
      [` waived by ${by}: ${worst?.waived ?? ''}`],
      [` ${pen.glyphs.dot} ${counted(members.length, worst?.severity ?? 'finding')}`, 'dim'],
    );
  });
}

/** Every check with its verdict and what it reads: `plan -o wide`. */
export function verdictLines(results: readonly CheckResult[], pen: Pen): string[] {
  return (Object.keys(CHECK_GROUPS) as CheckGroup[]).flatMap((group) => {
    const members = results.filter((result) => result.group === group);
    const lines = members.flatMap((result) => verdictOf(result, pen));
    return members.length === 0 ? [] : [pen.line([`  ${CHECK_GROUPS[group]}`, 'bold']), ...lines];
  });
}

function verdictOf({ check, title, verdict }: CheckResult, pen: Pen): string[] {
  const [glyph, style] = verdict === 'pass' ? (['done', 'green'] as const) : MARKS[verdict];
  const head = `${pen.glyphs[glyph]} ${verdict.padEnd(7)}`;
  const hang = ' '.repeat(head.length + check.length + 6);
  const reads = isCheckId(check) ? wrap(`reads ${CHECKS[check].reads}`, pen.width - hang.length) : [];
  const [first = '', ...more] = wrap(title, pen.width - hang.length);
  return [
    pen.line(['    '], [head, style], [` ${check}`, 'dim'], [` ${first}`]),
    ...more.map((text) => pen.line([`${hang}${text}`])),
    ...reads.map((text) => pen.line([`${hang}${text}`, 'dim'])),
  ];
}

function blockLines(members: readonly Finding[], pen: Pen, detail: FindingDetail): string[] {
  const [first] = members;
  if (first === undefined) return [];
  const standing = standingOf(first);
  const [glyph, style] = MARKS[standing];
  const shown = detail.wide === true ? members : members.slice(0, SHOWN);
  const word = standing === 'waived' ? `waived ${first.severity}` : standing;
  return [
    pen.line([`${pen.glyphs[glyph]} ${word}`, style], [` ${first.reason}`, 'bold'], [` ${first.check}`, 'dim']),
    ...textLines(shown, pen),
    ...diffLines(shown, pen, detail),
    ...commandLines(shown, pen, detail),
    ...(first.waived === undefined ? [] : hanging('waived: ', first.waived, pen)),
    ...(shown.length < members.length
      ? [pen.line([`  ${pen.glyphs.more} and ${members.length - shown.length} more: -o wide`, 'dim'])]
      : []),
  ];
}

/** What was found, each sentence once, and the remedy after the last one that it is for. */
function textLines(findings: readonly Finding[], pen: Pen): string[] {
  return findings.flatMap(({ message, remedy }, index) => [
    ...hanging('', message, pen),
    ...(findings[index + 1]?.remedy === remedy ? [] : hanging(`${pen.glyphs.arrow} `, remedy, pen)),
  ]);
}

/** Commands stand whole. One of many lines is a manifest or a diff, and left to those who want everything. */
function commandLines(findings: readonly Finding[], pen: Pen, { wide }: FindingDetail): string[] {
  const commands = new Set(findings.flatMap(({ command }) => (command === undefined ? [] : [command])));
  return [...commands].flatMap((command) => {
    const lines = command.trimEnd().split('\n');
    if (wide !== true && lines.length > SHOWN)
      return [pen.line([`  ${pen.glyphs.more} and ${lines.length} lines to go with it: -o wide`, 'dim'])];
    return lines.map((line, index) =>
      pen.whole([`  ${index === 0 && lines.length === 1 ? '$ ' : '  '}${line}`, 'cyan']),
    );
  });
}

/** What would be lost, as a diff: its first lines always, all of it with -o wide. */
function diffLines(findings: readonly Finding[], pen: Pen, { wide }: FindingDetail): string[] {
  const lines = findings.flatMap(({ diff }) => diff?.split('\n') ?? []);
  const shown = wide === true ? lines : lines.slice(0, DIFF_SHOWN);
  const more = lines.length - shown.length;
  return [
    ...shown.map((line) => pen.whole([`    ${line}`, line.startsWith('+') ? 'green' : 'red'])),
    ...(more === 0 ? [] : [pen.line([`    ${pen.glyphs.more} and ${more} more lines: -o wide`, 'dim'])]),
  ];
}

function hanging(mark: string, text: string, pen: Pen): string[] {
  return wrap(text, pen.width - 2 - mark.length).map((line, index) =>
    pen.line([`  ${index === 0 ? mark : ' '.repeat(mark.length)}${line}`]),
  );
}

/** A server may know checks that this client does not. */
function groupOf({ check }: Finding): CheckGroup {
  return isCheckId(check) ? CHECKS[check].group : 'cluster';
}

function rank(finding: Finding | undefined): number {
  return finding === undefined ? -1 : Object.keys(NAMES).indexOf(standingOf(finding));
}

function standingOf({ severity, waived }: Finding): Standing {
  return waived === undefined ? severity : 'waived';
}
