import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkVersionGate, type GatedRelease } from '../../domain/version-gate.js';

/** The table of the guide, step 0. */
const release: GatedRelease = {
  version: '1.6.14-asm.2',
  sources: [
    { minor: '1.6', minPatch: 4 },
    { minor: '1.5', minPatch: 4 },
  ],
  routes: [{ from: '1.4', minPatch: 5, via: '1.5' }],
};

describe('the version gate of 1.6.14-asm.2', () => {
  it.each(['1.6.4', '1.6.13', '1.6.13-distroless', '1.6.11-asm.1', '1.6.8-asm.9', '1.5.4', '1.5.10', '1.5.9-asm.0'])(
    'lets %s go directly',
    (source) => expect(checkVersionGate(source, release)).toEqual({ ok: true }),
  );

  it.each(['1.4.5', '1.4.10-asm.18'])('sends %s through 1.5', (source) =>
    expect(checkVersionGate(source, release)).toEqual({
      ok: false,
      reason: 'UnsupportedSource',
      message: `The mesh runs ${source}; 1.4 cannot go to 1.6.14-asm.2 directly.`,
      remedy: 'Upgrade first to 1.5, then to 1.6.14-asm.2.',
    }),
  );

  it.each([
    ['1.6.3', '1.6.4', 'Upgrade first to the newest patch of 1.6, then to 1.6.14-asm.2.'],
    ['1.6.0', '1.6.4', 'Upgrade first to the newest patch of 1.6, then to 1.6.14-asm.2.'],
    ['1.5.3', '1.5.4', 'Upgrade first to the newest patch of 1.5, then to 1.6.14-asm.2.'],
    ['1.4.4', '1.4.5', 'Upgrade first to the newest patch of 1.4, then to 1.5 and from there to 1.6.14-asm.2.'],
  ])('refuses %s: the way starts at %s', (source, start, remedy) =>
    expect(checkVersionGate(source, release)).toEqual({
      ok: false,
      reason: 'UnsupportedSource',
      message: `The mesh runs ${source}; the way to 1.6.14-asm.2 starts at ${start}.`,
      remedy,
    }),
  );

  it.each(['1.3.8', '1.0.0', '0.8.0'])('refuses %s, which is too old for any route', (source) => {
    const verdict = checkVersionGate(source, release);
    expect(verdict).toMatchObject({ ok: false, reason: 'UnsupportedSource' });
    expect(verdict).toHaveProperty('remedy', expect.stringContaining('Upgrade first to the newest patch of'));
    expect(verdict).toHaveProperty('remedy', expect.stringContaining('1.6.4 or 1.5.4'));
  });

  it.each(['1.6.14-asm.2', '1.6.14', '1.6.14-asm.1', '1.6.14-distroless'])('finds nothing to do for %s', (source) =>
    expect(checkVersionGate(source, release)).toMatchObject({
      ok: false,
      reason: 'NothingToDo',
      message: expect.stringContaining('already runs') as string,
    }),
  );

  it.each(['1.6.14-asm.3', '1.6.15', '1.7.0', '2.0.0'])('does not go back from %s', (source) =>
    expect(checkVersionGate(source, release)).toMatchObject({
      ok: false,
      reason: 'NothingToDo',
      message: expect.stringContaining('downgrade') as string,
    }),
  );

  it.each(['latest', '', '1.6', '1.6.13-rc.1'])('refuses "%s", which it cannot read', (source) =>
    expect(checkVersionGate(source, release)).toMatchObject({ ok: false, reason: 'UnsupportedSource' }),
  );

  it('refuses every source when the catalogue is unreadable or names no sources', () => {
    expect(checkVersionGate('1.6.13', { ...release, version: 'newest' })).toMatchObject({
      reason: 'UnsupportedSource',
      message: expect.stringContaining('"newest" in the release catalogue') as string,
    });
    expect(checkVersionGate('1.6.13', { ...release, sources: [], routes: [] })).toMatchObject({
      reason: 'UnsupportedSource',
      remedy: expect.stringContaining('a source that 1.6.14-asm.2 supports') as string,
    });
  });

  it('allows exactly 1.5.4 and newer of 1.5, and 1.6.4 to 1.6.13', () =>
    fc.assert(
      fc.property(fc.nat(2), fc.nat(12), fc.nat(30), (major, minor, patch) => {
        const allowed = major === 1 && patch >= 4 && (minor === 5 || (minor === 6 && patch < 14));
        expect(checkVersionGate(`${major}.${minor}.${patch}`, release).ok).toBe(allowed);
      }),
      { numRuns: 1000 },
    ));
});
