import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRevisionGate, directSource, isProxyTooOld, skippedMinors } from '../../domain/revision-gate.js';
import { parseVersion } from '../../domain/version.js';

const to = (version: string) => ({ version });
const TARGET = to('1.31.0');

describe('the version gate of current Istio', () => {
  it.each([
    ['1.30.3', '1.31.0'],
    ['1.30.0-distroless', '1.31.0'],
    ['1.31.0', '1.31.2'],
    ['1.29.6', '1.31.0'],
    ['1.20.0', '1.21.0'],
    ['1.29.2-asm.3', '1.30.1-asm.1'],
    ['1.29.2-asm.3', '1.29.2-asm.4'],
    ['1.30.3', '1.31.0-asm.1'],
  ])('lets %s go to %s', (source, target) => expect(checkRevisionGate(source, to(target))).toEqual({ ok: true }));

  it.each([
    ['1.28.10', '1.31.0', '3 minors newer', 'Upgrade minor by minor: 1.28 to 1.29 to 1.30 to 1.31.'],
    ['1.20.8', '1.23.0', '3 minors newer', 'Upgrade minor by minor: 1.20 to 1.21 to 1.22 to 1.23.'],
    [
      '1.19.3',
      '1.21.0',
      'starts at 1.20',
      'minor by minor to 1.20, as the documentation of each of them says, then 1.20 to 1.21.',
    ],
    ['1.6.14', '1.20.0', 'starts at 1.20', 'then 1.20.'],
    ['1.30.0', '2.0.0', 'no way from 1.30 to 2.0.0', 'documentation of 2.0 says of upgrades from 1.30'],
    ['latest', '1.31.0', 'The version "latest"', 'Install a released version first.'],
    ['1.29.2-asm.3', '1.30.0', 'vendor "asm"', 'Choose a release of "asm"'],
    ['1.29.2-asm.3', '1.29.2', 'vendor "asm"', 'Choose a release of "asm"'],
    ['1.30.1-asm.3', '1.31.0-tetrate.1', 'is no build of that vendor', 'Choose a release of "asm"'],
  ])('refuses %s to %s: %s', (source, target, message, remedy) => {
    const verdict = checkRevisionGate(source, to(target));
    expect(verdict).toMatchObject({ ok: false, reason: 'UnsupportedSource' });
    expect(verdict).toHaveProperty('message', expect.stringContaining(message));
    expect(verdict).toHaveProperty('remedy', expect.stringContaining(remedy));
  });

  it.each([
    ['1.31.0', '1.31.0', /^The mesh runs 1.31.0 already\.$/],
    ['1.31.0-distroless', '1.31.0', /already/],
    ['1.31.1', '1.31.0', /that would be a downgrade/],
    ['1.32.0', '1.31.5', /that would be a downgrade/],
    ['1.31.0-asm.3', '1.31.0-asm.2', /that would be a downgrade/],
    ['2.0.0', '1.31.5', /that would be a downgrade/],
  ])('finds nothing to do from %s to %s', (source, target, message) => {
    const verdict = checkRevisionGate(source, to(target));
    expect(verdict).toMatchObject({ ok: false, reason: 'NothingToDo' });
    expect(verdict).toHaveProperty('message', expect.stringMatching(message));
  });

  it('names the control plane that it judges', () => {
    const name = 'Deployment istio-system/istiod-1-20-0';
    expect(checkRevisionGate('1.20.0', TARGET, name)).toHaveProperty('message', expect.stringContaining(name));
    expect(checkRevisionGate('x', TARGET, name)).toHaveProperty('message', expect.stringContaining(name));
  });

  it('never lets a mesh go back, nor over more than two minors, nor from before 1.20', () => {
    const version = fc.tuple(fc.integer({ min: 15, max: 35 }), fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(version, version, ([fromMinor, fromPatch], [toMinor, toPatch]) => {
        const verdict = checkRevisionGate(`1.${fromMinor}.${fromPatch}`, to(`1.${toMinor}.${toPatch}`));
        const isNewer = toMinor > fromMinor || (toMinor === fromMinor && toPatch > fromPatch);
        expect(verdict.ok).toBe(isNewer && fromMinor >= 20 && toMinor - fromMinor <= 2);
      }),
    );
  });
});

describe('what the versions say besides', () => {
  it.each([
    ['1.29.0', '1.31.0', ['1.30']],
    ['1.30.0', '1.31.0', []],
    ['1.31.0', '1.31.1', []],
    ['1.31.1', '1.30.0', []],
    ['latest', '1.31.0', []],
  ])('from %s to %s skips %j', (source, target, skipped) => expect(skippedMinors(source, target)).toEqual(skipped));

  it('is the oldest minor that goes there directly', () => {
    expect(['1.31.0', '1.20.4', 'x'].map(directSource)).toEqual(['1.30', '1.20', null]);
    expect(parseVersion(`${directSource('1.31.0') ?? ''}.0`)).not.toBeNull();
  });

  it.each([
    ['1.29.0', false],
    ['1.28.9', true],
    ['1.32.0', false],
    ['1.28.0-distroless', true],
    ['0.9.0', true],
    ['custom', null],
  ])('whether a proxy of %s is too old for it: %j', (proxy, answer) =>
    expect(isProxyTooOld(proxy, '1.31.0')).toBe(answer),
  );
});
