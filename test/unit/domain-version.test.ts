import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, minorOf, parseVersion, revisionOf, type Version } from '../../domain/version.js';

const number = fc.integer({ min: 0, max: 99_999 });
const vendor = fc.record({ name: fc.stringMatching(/^[a-z][a-z0-9]{0,15}$/), build: number });
const parts = fc.record({
  major: number,
  minor: number,
  patch: number,
  vendor: fc.option(
    vendor.filter(({ name }) => !['alpha', 'beta', 'rc'].includes(name)),
    { nil: null },
  ),
  packing: fc.constantFrom('', '-distroless', '-debug'),
});
const text = parts.map(({ major, minor, patch, vendor: own, packing }) => {
  const build = own === null ? '' : `-${own.name}.${own.build}`;
  return `${major}.${minor}.${patch}${build}${packing}`;
});
/** Few different numbers, so that equal parts are common. */
const close = fc
  .record({ minor: fc.nat(1), patch: fc.nat(2), build: fc.option(fc.nat(2), { nil: null }) })
  .map(({ minor, patch, build }) => read(`1.${minor}.${patch}${build === null ? '' : `-asm.${build}`}`));

describe('parseVersion', () => {
  it.each([
    ['1.6.14', { major: 1, minor: 6, patch: 14, vendor: null }],
    ['1.6.14-asm.2', { major: 1, minor: 6, patch: 14, vendor: { name: 'asm', build: 2 } }],
    ['1.6.14-asm.2-distroless', { major: 1, minor: 6, patch: 14, vendor: { name: 'asm', build: 2 } }],
    ['1.6.13-distroless', { major: 1, minor: 6, patch: 13, vendor: null }],
  ])('reads %s', (raw, expected) => expect(parseVersion(raw)).toEqual({ ...expected, raw }));

  it.each([
    '',
    '1.6',
    'v1.6.14',
    '1.6.14.2',
    '01.6.14',
    '1.6.-1',
    '1.6.14-',
    '1.6.14-asm.',
    '1.6.14-asm.2.1',
    ' 1.6.14',
  ])('does not read "%s"', (raw) => expect(parseVersion(raw)).toBeNull());

  it.each(['1.6.14\n', '1.6.123456', 'release-1.6-latest-daily', '1.7.0-alpha.1', '1.7.0-beta', '1.7.0-rc.0'])(
    'does not read %j either',
    (raw) => expect(parseVersion(raw)).toBeNull(),
  );

  it('gives back the parts that a version was put together from', () =>
    fc.assert(
      fc.property(parts, ({ packing, ...expected }) => {
        const { major, minor, patch, vendor: own } = expected;
        const raw = `${major}.${minor}.${patch}${own === null ? '' : `-${own.name}.${own.build}`}${packing}`;
        expect(parseVersion(raw)).toEqual({ ...expected, raw });
      }),
    ));

  it('answers for any text', () =>
    fc.assert(
      fc.property(fc.string(), (raw) => {
        expect(parseVersion(raw)?.raw ?? raw).toBe(raw);
      }),
    ));
});

describe('compareVersions', () => {
  const ascending = ['1.4.10', '1.5.0', '1.6.4', '1.6.13', '1.6.14', '1.6.14-asm.1', '1.6.14-asm.2', '1.6.14-asm.10'];

  it('puts every version after all that are older', () => {
    const sorted = [...ascending, '1.10.0', '2.0.0'].map(read);
    expect([...sorted].reverse().sort(compareVersions)).toEqual(sorted);
  });

  it('does not tell packings of one build apart', () =>
    expect(compareVersions(read('1.6.14-asm.2'), read('1.6.14-asm.2-distroless'))).toBe(0));

  it('is a total order: reflexive, antisymmetric, transitive, and 0 only between equal parts', () =>
    fc.assert(
      fc.property(close, close, close, (a, b, c) => {
        expect(compareVersions(a, a)).toBe(0);
        expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
        }
        expect(compareVersions(a, b) === 0).toBe(a.raw === b.raw);
      }),
      { numRuns: 500 },
    ));
});

describe('minorOf and revisionOf', () => {
  it.each([
    ['1.6.14-asm.2', '1.6', 'asm-1614-2'],
    ['1.6.14-asm.2-distroless', '1.6', 'asm-1614-2'],
    ['1.20.3', '1.20', '1-20-3'],
    ['1.6.14', '1.6', '1-6-14'],
  ])('%s is of minor %s and becomes revision %s', (raw, minor, revision) => {
    expect(minorOf(read(raw))).toBe(minor);
    expect(revisionOf(raw)).toBe(revision);
  });

  it('gives a DNS label that fits a revision name for every version', () =>
    fc.assert(
      fc.property(text, (raw) => {
        expect(revisionOf(raw)).toMatch(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/);
      }),
    ));

  it('says so when there is no version to derive it from', () =>
    expect(() => revisionOf('latest')).toThrow('no revision name can be derived from "latest"'));
});

function read(raw: string): Version {
  return parseVersion(raw) ?? expect.fail(`${raw} was not read`);
}
