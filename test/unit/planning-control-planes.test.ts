import { describe, expect, it } from 'vitest';
import type { CheckInput } from '../../activities/planning/check.js';
import { otherControlPlanes } from '../../activities/planning/checks/other-control-planes.js';
import { chooseSource, gateFindings } from '../../activities/planning/control-planes.js';
import type { ControlPlane } from '../../domain/plan.js';
import { loadCatalogue } from '../../settings/catalogue.js';

const release = loadCatalogue({ releases: [], mirrors: {}, downloads: { hosts: [], loopbackHttp: false } }, {}).find(
  '1.6.14-asm.2',
)!;

const plane = (version: string, revision: string): ControlPlane => ({
  version,
  revision,
  deployment: revision === 'default' ? 'istiod' : `istiod-${revision}`,
  ready: true,
});

/** What a plan says of these control planes, by check and severity. */
async function said(...planes: readonly ControlPlane[]): Promise<string[]> {
  const { source, others } = chooseSource(planes, release);
  if (source === null) throw new Error('there is no source');
  const gate = gateFindings(source, others, release);
  if (gate.length > 0) return gate.map(({ severity, message }) => `MESH001 ${severity}: ${message}`);
  const plan = { route: { from: { revision: source.revision }, to: { revision: release.revision } } };
  const input = { mesh: { controlPlanes: planes }, plan, release } as unknown as CheckInput;
  const found = await otherControlPlanes.look(input);
  return found.map(({ severity = '', message }) => `MESH014 ${severity}: ${message.split('; this run')[0] ?? ''}`);
}

const STARTS = 'the way to 1.6.14-asm.2 starts at';
const SHARED =
  'It is a further control plane: this run would leave it and its workloads alone, and yet change the CRDs, roles and gateways that it shares.';

describe('a mesh with two control planes', () => {
  it('says nothing of a single one that may go, and names no Deployment where there is only one', async () => {
    expect(await said(plane('1.6.13', 'default'))).toEqual([]);
    expect(await said(plane('1.6.2', 'default'))).toEqual([`MESH001 blocker: The mesh runs 1.6.2; ${STARTS} 1.6.4.`]);
  });

  it('moves away from the newest, whatever the order; the release itself does not count', async () => {
    const planes = [plane('1.6.4', 'old'), plane('1.6.13', 'default'), plane('1.6.14-asm.2', 'asm-1614-2')];
    const chosen = (list: readonly ControlPlane[]) => chooseSource(list, release);
    for (const list of [planes, planes.toReversed()]) {
      expect(chosen(list).source?.version).toBe('1.6.13');
      expect(chosen(list).others.map(({ version }) => version)).toEqual(['1.6.4']);
    }
    expect(await said(...planes)).toEqual([
      'MESH014 warning: Deployment istio-system/istiod-old (1.6.4) is a further control plane',
    ]);
  });

  it.each([
    ['1.6.2', `runs 1.6.2; ${STARTS} 1.6.4.`],
    ['1.5.3', `runs 1.5.3; ${STARTS} 1.5.4.`],
    ['1.4.10', 'runs 1.4.10; 1.4 cannot go to 1.6.14-asm.2 directly.'],
    ['1.4.2', `runs 1.4.2; ${STARTS} 1.4.5.`],
    ['1.3.8', 'runs 1.3.8; no way from 1.3 to 1.6.14-asm.2 is known.'],
  ])('blocks over a further one of %s, which may not go', async (version, sentence) => {
    expect(await said(plane('1.6.4', 'default'), plane(version, 'old'))).toEqual([
      `MESH014 blocker: Deployment istio-system/istiod-old ${sentence} ${SHARED}`,
    ]);
  });

  it('blocks over a further one whose version cannot be read', async () => {
    const [found] = await said(plane('1.6.4', 'default'), plane('latest', 'old'));
    expect(found).toContain(
      'MESH014 blocker: The version "latest" of Deployment istio-system/istiod-old cannot be read',
    );
  });

  it.each([
    ['1.7.0', '1.7.0, which is newer than 1.6.14-asm.2: that would be a downgrade', 'runs'],
    ['1.6.14', '1.6.14, the same patch as 1.6.14-asm.2', 'already runs'],
  ])('refuses because of the newest, %s, and says what holds for the other', async (version, what, verb) => {
    expect(await said(plane('1.6.13', 'default'), plane(version, 'next'))).toEqual([
      `MESH001 blocker: Deployment istio-system/istiod-next ${verb} ${what}.`,
      'MESH001 info: Deployment istio-system/istiod runs 1.6.13 and could go to 1.6.14-asm.2, but the newest control plane decides, which is istiod-next.',
    ]);
  });

  it('gives each its own sentence where neither may go', async () => {
    expect(await said(plane('1.6.2', 'default'), plane('1.5.3', 'old'))).toEqual([
      `MESH001 blocker: Deployment istio-system/istiod runs 1.6.2; ${STARTS} 1.6.4.`,
      `MESH001 blocker: Deployment istio-system/istiod-old runs 1.5.3; ${STARTS} 1.5.4.`,
    ]);
  });
});
