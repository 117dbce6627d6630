import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCount, parseDuration, parseReason } from '../../cli/client/arguments.js';
import { between, elapsed } from '../../cli/render/elapsed.js';
import { durationText } from '../../domain/duration.js';

describe('durations on the command line', () => {
  it.each([
    ['0', 0],
    ['90s', 90],
    ['10m', 600],
    ['2h', 7_200],
    ['7d', 604_800],
    ['1h30m', 5_400],
    ['1d2h3m4s', 93_784],
  ])('%s is %i seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '10', '-5m', '1.5h', '10 m', '5x', '30m1h', 'm', 'Infinity', '1e3s', '9999999s'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseDuration(text)).toThrow(/duration has the form/);
    },
  );

  it('are read back as they are written', () => {
    fc.assert(
      fc.property(fc.nat(999_999), (seconds) => {
        expect(parseDuration(durationText(seconds))).toBe(seconds);
      }),
    );
  });
});

describe('other values on the command line', () => {
  it('counts are whole numbers of 1 or more', () => {
    expect(parseCount('12')).toBe(12);
    for (const text of ['0', '-1', '1.5', '1e2', '0x10', '', ' 3']) expect(() => parseCount(text)).toThrow();
  });

  it('reasons are one line and not empty', () => {
    expect(parseReason('  lunch ')).toBe('lunch');
    for (const text of ['', '   ', 'a\nb', 'a\u001b[31mb', 'x'.repeat(501)])
      expect(() => parseReason(text)).toThrow(/one line/);
  });
});

describe('elapsed time', () => {
  it.each([
    [0, '00:00'],
    [42_999, '00:42'],
    [-5_000, '00:00'],
    [3_723_000, '1:02:03'],
    [176_523_000, '2d 01:02:03'],
  ])('%i ms is %s', (milliseconds, text) => {
    expect(elapsed(milliseconds)).toBe(text);
  });

  it('is taken between two times', () => {
    expect(between('2026-01-05T09:00:00Z', '2026-01-05T09:01:05Z')).toBe('01:05');
  });
});
