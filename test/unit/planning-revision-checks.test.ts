import { describe, expect, it } from 'vitest';
import type { Check, CheckInput } from '../../activities/planning/check.js';
import { endOfLifeOn } from '../../activities/planning/checks/end-of-life.js';
import { kubernetesRange } from '../../activities/planning/checks/kubernetes-range.js';
import { proxySkew } from '../../activities/planning/checks/proxy-skew.js';
import { noSkippedMinors } from '../../activities/planning/checks/skipped-minors.js';
import { sourceKubernetesRange } from '../../activities/planning/checks/source-kubernetes-range.js';
import { gateFindings } from '../../activities/planning/control-planes.js';
import { isWaivable } from '../../domain/checks/catalogue.js';
import type { DriverName } from '../../domain/driver.js';
import type { ControlPlane } from '../../domain/plan.js';
import { releaseEntrySchema } from '../../domain/release-entry.js';
import type { Release } from '../../domain/release.js';

const releaseOf = (version: string): Release =>
  releaseEntrySchema.parse({
    driver: 'istio-revisioned',
    version,
    archives: { linux: { sha256: 'a'.repeat(64) } },
  });

interface Situation {
  readonly from: string;
  readonly to?: string;
  readonly kubernetes?: string;
  readonly proxies?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly driver?: DriverName;
}

/** What a check says of a situation. */
async function said(check: Check, { from, to = '1.31.0', kubernetes = '1.35', ...rest }: Situation) {
  const namespaces = Object.entries(rest.proxies ?? {}).map(([namespace, podsByProxy]) => ({ namespace, podsByProxy }));
  const input = {
    plan: { route: { from: { version: from } } },
    mesh: { kubernetes, namespaces },
    release: { ...releaseOf(to), driver: rest.driver ?? 'istio-revisioned' },
    cluster: { id: 'shop' },
  } as unknown as CheckInput;
  return check.look(input);
}

const plane = (version: string, revision: string): ControlPlane => ({
  version,
  revision,
  deployment: `istiod-${revision}`,
  ready: true,
});

describe('a plan with a release of current Istio', () => {
  it('is judged by the rules of that driver', () => {
    const release = releaseOf('1.31.0');
    expect(gateFindings(plane('1.30.3', '1-30-3'), [], release)).toEqual([]);
    const [finding] = gateFindings(plane('1.28.0', '1-28-0'), [], release);
    expect(finding).toMatchObject({ check: 'MESH001', severity: 'blocker', reason: 'UnsupportedSource' });
    expect(finding?.remedy).toContain('1.28 to 1.29 to 1.30 to 1.31');
  });

  it('judges each of several control planes', () => {
    const findings = gateFindings(plane('1.28.1', 'b'), [plane('1.27.0', 'a')], releaseOf('1.31.0'));
    expect(findings.map(({ message }) => message.split(' runs ')[0])).toEqual([
      'Deployment istio-system/istiod-b',
      'Deployment istio-system/istiod-a',
    ]);
  });
});

describe('MESH052, skipped minors', () => {
  it('asks for an approval of two minors at once, and of nothing else', async () => {
    expect(await said(noSkippedMinors, { from: '1.30.1' })).toEqual([]);
    expect(await said(noSkippedMinors, { from: '1.29.1' })).toMatchObject([
      { reason: 'SkipsMinor', message: expect.stringContaining('would skip 1.30') as string },
    ]);
    expect(isWaivable('MESH052')).toBe(true);
  });

  it('is no question of other drivers', async () => {
    expect(await said(noSkippedMinors, { from: '1.29.1', driver: 'asm-1.6' })).toEqual([]);
  });
});

describe('MESH053, proxies that are far behind', () => {
  const proxies = {
    shop: { '1.30.3': 4, '1.28.2': 2 },
    pay: { '1.28.2': 1, none: 7, '1.29.0': 1 },
    lab: { nightly: 1 },
  };

  it('names how many pods, and where', async () => {
    const found = await said(proxySkew, { from: '1.30.3', proxies });
    expect(found.map(({ message }) => message)).toEqual([
      'The proxies of 3 pods of cluster shop (shop: 2, pay: 1) are 1.28.2, more than two minors behind 1.31.0.',
      'The proxies of 1 pod of cluster shop (lab: 1) have image tag "nightly", which tells no version: how far they are behind is not known.',
    ]);
  });

  it('says nothing where none is, and for other drivers', async () => {
    expect(await said(proxySkew, { from: '1.30.3', proxies: { shop: { '1.29.0': 3, none: 1 } } })).toEqual([]);
    expect(await said(proxySkew, { from: '1.30.3', proxies, driver: 'asm-1.6' })).toEqual([]);
  });
});

describe('MESH054, the end of life', () => {
  const on = (day: string) => endOfLifeOn(() => new Date(`${day}T12:00:00Z`));

  it.each([
    ['2026-12-01', ['1.30.3 is of 1.30, which gets no patches any more since 2026-11-30 (expected).']],
    ['2026-11-25', ['1.30.3 is of 1.30, which gets patches only until 2026-11-30 (expected).']],
    ['2026-08-01', []],
  ])('of the release on %s', async (day, messages) => {
    const found = await said(on(day), { from: '1.30.1', to: '1.30.3' });
    expect(found.filter(({ severity }) => severity === undefined).map(({ message }) => message)).toEqual(messages);
  });

  it('of the source is told, without a warning', async () => {
    expect(await said(on('2026-11-25'), { from: '1.28.1' })).toMatchObject([
      { severity: 'info', message: expect.stringContaining('since 2026-07-01') as string },
    ]);
  });

  it('that is not known is said', async () => {
    const kubernetes = { min: '1.33', max: '1.37' };
    const release = { ...releaseOf('1.31.0'), version: '1.32.0', kubernetes };
    const input = { plan: { route: { from: { version: '1.31.0' } } }, release } as unknown as CheckInput;
    expect(await on('2026-11-25').look(input)).toMatchObject([{ severity: 'info', reason: 'EndOfLife' }]);
  });
});

describe('the range of Kubernetes', () => {
  it('of the release is that of its minor', async () => {
    expect(await said(kubernetesRange, { from: '1.30.0', kubernetes: '1.36' })).toEqual([]);
    expect(await said(kubernetesRange, { from: '1.30.0', kubernetes: '1.31' })).toMatchObject([
      { message: expect.stringContaining('1.31.0 runs on 1.32 to 1.36') as string },
    ]);
  });

  it('of the source only warns: it runs there, and its control plane stays', async () => {
    expect(await said(sourceKubernetesRange, { from: '1.29.0', kubernetes: '1.35' })).toEqual([]);
    expect(await said(sourceKubernetesRange, { from: '1.28.0', kubernetes: '1.35' })).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('supported on 1.30 to 1.34') as string },
    ]);
    expect(await said(sourceKubernetesRange, { from: '1.6.4', kubernetes: '1.22', driver: 'asm-1.6' })).toMatchObject([
      { message: expect.stringContaining('it could not be brought back') as string },
    ]);
  });
});
