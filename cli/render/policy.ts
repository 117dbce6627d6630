import type { Explained } from '../../domain/policy/explain.js';
import { createPen, type RenderOptions } from './pen.js';
import { joined, wrap } from './text.js';

/** A policy in words, heading by heading. */
export function renderPolicy(
  sections: readonly Explained[],
  options: Pick<RenderOptions, 'width' | 'color' | 'ascii'>,
): string {
  const pen = createPen(options);
  const lines = sections.flatMap(({ title, lines: sentences }, index) => [
    ...(index === 0 ? [] : ['']),
    pen.line([title, 'bold']),
    ...sentences.flatMap((sentence) =>
      wrap(sentence, pen.width - 4).map((text, row) => pen.line([`${row === 0 ? '  ' : '    '}${text}`])),
    ),
  ]);
  return joined(lines);
}
