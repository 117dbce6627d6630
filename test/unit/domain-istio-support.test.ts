import { describe, expect, it } from 'vitest';
import { endOfLifeOf, ISTIO_SUPPORT, supportOf } from '../../domain/istio-support.js';

const minor = (text: string) => Number(text.split('.')[1]);

describe('the table of what Istio supports', () => {
  it('has every minor from 1.31 down to 1.20, once, newest first', () => {
    const wanted = Array.from({ length: 12 }, (_, index) => `1.${31 - index}`);
    expect(ISTIO_SUPPORT.map((row) => row.minor)).toEqual(wanted);
  });

  it('never goes backwards: a newer minor is supported for longer, and on no older Kubernetes', () => {
    ISTIO_SUPPORT.slice(1).forEach((older, index) => {
      const newer = ISTIO_SUPPORT[index]!;
      expect(minor(newer.kubernetes.min)).toBeGreaterThanOrEqual(minor(older.kubernetes.min));
      expect(minor(newer.kubernetes.max)).toBeGreaterThanOrEqual(minor(older.kubernetes.max));
      if (newer.endOfLife !== null && older.endOfLife !== null)
        expect(Date.parse(newer.endOfLife)).toBeGreaterThan(Date.parse(older.endOfLife));
    });
  });

  it('is asked by any version of the minor', () => {
    expect(supportOf('1.29.2-distroless')?.kubernetes).toEqual({ min: '1.31', max: '1.35' });
    expect([supportOf('1.19.0'), supportOf('1.32.0'), supportOf('latest')]).toEqual([null, null, null]);
  });
});

describe('the end of life', () => {
  it.each([
    ['1.28.1', '2026-07-02', 'over'],
    ['1.28.1', '2026-07-01', 'soon'],
    ['1.28.1', '2026-06-05', 'soon'],
    ['1.28.1', '2026-05-30', 'later'],
  ])('of %s on %s is %s', (version, today, state) =>
    expect(endOfLifeOf(version, new Date(`${today}T12:00:00Z`))).toEqual({
      minor: '1.28',
      date: '2026-07-01',
      expected: false,
      state,
    }),
  );

  it('is nothing where none is announced, or where nobody knows', () => {
    expect(endOfLifeOf('1.31.0', new Date('2030-01-01'))).toBeNull();
    expect(endOfLifeOf('1.32.0', new Date('2030-01-01'))).toBeNull();
  });
});
