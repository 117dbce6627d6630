import type { CheckEntry } from '../../domain/checks/catalogue.js';
import { CHECK_GROUPS, SEVERITY_MEANINGS } from '../../domain/checks/descriptor.js';
import type { FindingDetail } from './findings.js';
import { createPen, type RenderOptions } from './pen.js';
import { columns, joined, wrap } from './text.js';

type CheckOptions = Pick<RenderOptions, 'width' | 'color' | 'ascii'> & FindingDetail;

/** The catalogue as a table; with `wide` also what each check reads and whether it can be waived. */
export function renderChecks(checks: readonly CheckEntry[], options: CheckOptions): string {
  const pen = createPen(options);
  const rows =
    options.wide === true
      ? [
          ['ID', 'GROUP', 'WORST', 'WAIVABLE', 'WHAT HOLDS WHEN IT PASSES', 'READS'],
          ...checks.map(({ id, group, severity, waivable, title, reads }) => [
            id,
            CHECK_GROUPS[group],
            severity,
            waivable ? 'yes' : 'no',
            title,
            reads,
          ]),
        ]
      : [
          ['ID', 'WORST', 'WHAT HOLDS WHEN IT PASSES'],
          ...checks.map(({ id, severity, title }) => [id, severity, title]),
        ];
  // A table that is asked for wide is not cut: it is for wide terminals, and for pipes.
  return joined(columns(rows).map((line) => (options.wide === true ? line : pen.line([line]))));
}

/** One check, explained. */
export function renderCheck(check: CheckEntry, options: CheckOptions): string {
  const pen = createPen(options);
  const { id, title, group, severity, reads, why, waivable } = check;
  const rows: [string, string][] = [
    ['group', CHECK_GROUPS[group]],
    ['reads', reads],
    ['worst', `${severity}: ${SEVERITY_MEANINGS[severity]}`],
    ...(why === undefined ? [] : [['why', why] satisfies [string, string]]),
    ['waiver', waivable ? `--waive ${id} --reason "..." with plan and start` : 'none: going on could not end well'],
  ];
  return joined([
    ...wrap(`${id} ${pen.glyphs.dot} ${title}`, pen.width).map((text) => pen.line([text, 'bold'])),
    ...rows.flatMap(([name, text]) =>
      wrap(text, pen.width - 10).map((line, index) =>
        pen.line([`  ${(index === 0 ? name : '').padEnd(8)}`, 'dim'], [line]),
      ),
    ),
  ]);
}
