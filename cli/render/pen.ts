import pc from 'picocolors';
import { clean, cut } from './text.js';

/** How pictures of a run are drawn. */
export interface RenderOptions {
  /** Columns; no line is longer, except commands that are meant to be copied. */
  readonly width: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly color: boolean;
  /** Rows; a longer picture is folded. Unbounded when left out. */
  readonly height?: number;
  /** Draw with ASCII only, for files and pipes. */
  readonly ascii?: boolean;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** A piece of a line. Text of the server may stand in it: control characters are taken out when it is drawn. */
export type Span = readonly [text: string, style?: Style | undefined];

const UNICODE = {
  dot: '·',
  arrow: '→',
  more: '…',
  full: '█',
  empty: '░',
  done: '✔',
  failed: '✖',
  moving: '⟳',
  back: '↺',
  waiting: '·',
  skipped: '↷',
  paused: '‖',
  warning: '!',
} as const;

export type Glyph = keyof typeof UNICODE;

const ASCII: Readonly<Record<Glyph, string>> = {
  dot: '-',
  arrow: '->',
  more: '...',
  full: '#',
  empty: '.',
  done: '+',
  failed: 'x',
  moving: '>',
  back: '<',
  waiting: '.',
  skipped: '/',
  paused: '=',
  warning: '!',
};

/** Draws lines in the way that the options ask for. */
export interface Pen {
  readonly glyphs: Readonly<Record<Glyph, string>>;
  readonly width: number;
  /** One line: cut to the width first, so that colour codes are never cut. */
  line(...spans: readonly Span[]): string;
  /** One line that is never cut, because people copy it. */
  whole(...spans: readonly Span[]): string;
}

/** Makes the pen for these options. */
export function createPen({ width, color, ascii = false }: Pick<RenderOptions, 'width' | 'color' | 'ascii'>): Pen {
  const colors = pc.createColors(color);
  const glyphs = ascii ? ASCII : UNICODE;
  const paint = ([text, style]: Span) => (style === undefined || text === '' ? text : colors[style](text));
  const draw = (spans: readonly Span[], room: number) => {
    let left = room;
    const pieces = spans.map(([text, style]): Span => {
      const piece = cut(clean(text), left, glyphs.more);
      left -= Array.from(piece).length;
      return [piece, style];
    });
    return trimRight(pieces).map(paint).join('');
  };
  return {
    glyphs,
    width,
    line: (...spans) => draw(spans, width),
    whole: (...spans) => draw(spans, Number.POSITIVE_INFINITY),
  };
}

/** Padding of the last column is no text. */
function trimRight(spans: readonly Span[]): Span[] {
  const last = spans.findLastIndex(([text]) => text.trim() !== '');
  return spans.slice(0, last + 1).map(([text, style], index) => [index === last ? text.trimEnd() : text, style]);
}
