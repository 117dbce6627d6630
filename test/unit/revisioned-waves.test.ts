import { describe, expect, it } from 'vitest';
import type { ControlPlane, DetectedMesh, NamespaceInjection, RevisionTag } from '../../domain/plan.js';
import { divideRevisioned } from '../../domain/revisioned-waves.js';
import { askOf, revisionServing, tagsOf } from '../../domain/tags.js';

const plane = (revision: string): ControlPlane => ({
  revision,
  deployment: 'istiod',
  version: '1.30.3',
  ready: true,
});
const ROUTE = { from: '1-30-3', to: '1-31-0' };

interface Labels {
  readonly injection?: string;
  readonly revision?: string;
  readonly pods?: number;
}

function namespace(name: string, { injection, revision, pods = 1 }: Labels): NamespaceInjection {
  return {
    namespace: name,
    injection: injection ?? null,
    revision: revision ?? null,
    podsByProxy: { '1.30.3': pods },
    podsByRevision: { '1-30-3': pods },
    workloads: 1,
  };
}

function mesh(namespaces: readonly NamespaceInjection[], tags: readonly RevisionTag[] = []): DetectedMesh {
  return { cluster: 'c', kubernetes: '1.35', controlPlanes: [plane('1-30-3')], namespaces, gateways: [], tags };
}

const STABLE = { tag: 'prod-stable', revision: '1-30-3' };
const CANARY = { tag: 'prod-canary', revision: '1-30-3' };
const DEFAULT = { tag: 'default', revision: '1-30-3' };
const OPTIONS = { exclude: [] };

describe('what a namespace asks for', () => {
  const tags = [STABLE, DEFAULT];

  it.each([
    [
      { injection: 'enabled', revision: 'prod-stable' },
      { by: 'tag', tag: 'default' },
    ],
    [{ injection: 'disabled' }, null],
    [{ revision: 'prod-stable' }, { by: 'tag', tag: 'prod-stable' }],
    [{ revision: '1-30-3' }, { by: 'revision', revision: '1-30-3' }],
    [{}, { by: 'pods' }],
  ])('%o asks %o', (labels, ask) => {
    expect(askOf(namespace('a', labels), tags)).toEqual(ask);
  });

  it('follows a tag to its revision, and serves nobody by one that is not there', () => {
    expect(revisionServing(namespace('a', { revision: 'prod-stable' }), tags)).toBe('1-30-3');
    expect(revisionServing(namespace('a', { injection: 'enabled' }), [])).toBeNull();
  });

  it('takes a control plane without a revision for the default tag, unless there is one', () => {
    const plain = { controlPlanes: [plane('default')] };
    expect(tagsOf(plain)).toEqual([{ tag: 'default', revision: 'default' }]);
    expect(tagsOf({ ...plain, tags: [DEFAULT] })).toEqual([DEFAULT]);
  });
});

describe('the waves of a mesh with tags', () => {
  const shop = mesh(
    [
      namespace('catalog', { revision: 'prod-canary', pods: 6 }),
      namespace('cart', { revision: 'prod-stable', pods: 12 }),
      namespace('edge', { revision: 'prod-stable', pods: 3 }),
      namespace('old-style', { injection: 'enabled', pods: 2 }),
    ],
    [STABLE, CANARY, DEFAULT],
  );

  it('begins with what the mesh itself calls a canary, and moves each tag with its last namespace', () => {
    const { waves, tags, problems } = divideRevisioned(shop, ROUTE, OPTIONS);
    expect(waves).toEqual([
      { name: 'canary', namespaces: ['catalog'], gate: 'canary', tags: ['prod-canary'] },
      { name: 'rest', namespaces: ['cart', 'edge', 'old-style'], gate: 'finalize', tags: ['prod-stable', 'default'] },
    ]);
    expect(tags).toContainEqual({ tag: 'prod-stable', wave: 'rest', namespaces: ['cart', 'edge'] });
    expect(problems).toEqual([]);
  });

  it('leaves a tag where it is while one of its namespaces is only a canary', () => {
    const { waves } = divideRevisioned(shop, ROUTE, { ...OPTIONS, canary: ['edge'] });
    expect(waves[0]).toEqual({ name: 'canary', namespaces: ['edge'], gate: 'canary' });
    expect(waves[1]?.tags).toEqual(['prod-stable', 'prod-canary', 'default']);
  });

  it('moves a tag that nobody asks for at the end', () => {
    const { tags } = divideRevisioned(mesh([namespace('a', { revision: '1-30-3' })], [DEFAULT]), ROUTE, OPTIONS);
    expect(tags).toEqual([{ tag: 'default', wave: 'finalize', namespaces: [] }]);
  });

  it('leaves a tag of another revision alone, and its namespaces', () => {
    const other = mesh([namespace('a', { revision: 'qa' })], [{ tag: 'qa', revision: '1-29-0' }]);
    expect(divideRevisioned(other, ROUTE, OPTIONS)).toMatchObject({ tags: [], waves: [{ namespaces: [] }] });
  });

  it('refuses to leave out a namespace whose tag moves for others', () => {
    const { problems } = divideRevisioned(shop, ROUTE, { exclude: ['edge'] });
    expect(problems.map(({ namespace: name }) => name)).toEqual(['edge']);
    expect(problems[0]?.message).toContain('asks for tag prod-stable');
  });

  it('refuses a canary whose pods follow a tag that moves later', () => {
    const bare = mesh([namespace('a', {}), namespace('b', { injection: 'enabled' })], [DEFAULT]);
    const { problems } = divideRevisioned(bare, ROUTE, { ...OPTIONS, canary: ['a'] });
    expect(problems.map(({ namespace: name }) => name)).toEqual(['a']);
    expect(problems[0]?.message).toContain('cannot be in an earlier one');
  });

  it('moves gateways last, with the namespaces that hold nothing else', () => {
    const gatewaysOnly: NamespaceInjection = {
      namespace: 'gw',
      injection: null,
      revision: '1-30-3',
      podsByProxy: { '1.30.3': 2 },
      workloads: 1,
    };
    const { waves } = divideRevisioned(
      {
        ...mesh([namespace('a', { revision: '1-30-3' }), namespace('b', { revision: '1-30-3' }), gatewaysOnly]),
        gatewayDeployments: [{ deployment: 'gw/public', kind: 'injected' }],
      },
      ROUTE,
      OPTIONS,
    );
    expect(waves.map(({ name, gate }) => [name, gate])).toEqual([
      ['canary', 'canary'],
      ['rest', 'rest'],
      ['gateways', 'finalize'],
    ]);
    expect(waves[2]).toMatchObject({ namespaces: ['gw'], gateways: [{ deployment: 'gw/public', kind: 'injected' }] });
  });
});
