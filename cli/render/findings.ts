import type { Finding } from '../../domain/plan.js';
import type { Glyph, Pen, Style } from './pen.js';
import { wrap } from './text.js';

const MARKS: Readonly<Record<Finding['severity'], readonly [Glyph, Style]>> = {
  blocker: ['failed', 'red'],
  unknown: ['failed', 'red'],
  warning: ['warning', 'yellow'],
  info: ['waiting', 'dim'],
};

/** One finding with its remedy. */
export function findingLines({ severity, check, reason, message, remedy }: Finding, pen: Pen): string[] {
  const [glyph, style] = MARKS[severity];
  const room = pen.width - 6;
  return [
    pen.line([`${pen.glyphs[glyph]} ${severity}`, style], [` ${reason}`, 'bold'], [` ${check}`, 'dim']),
    ...wrap(message, room).map((text) => pen.line([`    ${text}`])),
    ...wrap(`${pen.glyphs.arrow} ${remedy}`, room).map((text) => pen.line([`    ${text}`])),
  ];
}
