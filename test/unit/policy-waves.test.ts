import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { planOf } from '../../activities/planning/make-plan.js';
import { selects } from '../../domain/label-selector.js';
import { upgradeOptionsSchema, upgradeRequestSchema, type DetectedMesh } from '../../domain/plan.js';
import { policySchema } from '../../domain/policy/schema.js';
import { parseSelector } from '../../domain/policy/selector.js';
import { divideByRules, type Candidate } from '../../domain/policy/waves.js';
import { withPolicy } from '../../domain/policy/waves-of-plan.js';
import { divideRevisioned } from '../../domain/revisioned-waves.js';
import { loadCatalogue } from '../../settings/catalogue.js';

type Rule = NonNullable<z.input<typeof policySchema>['waves']>[number];
const rules = (...given: Rule[]) => policySchema.parse({ waves: given }).waves ?? [];
const candidate = (namespace: string, pods: number, labels: Record<string, string> = {}): Candidate => ({
  namespace,
  pods,
  labels,
});
const SHOP = [
  candidate('canary', 2, { team: 'shop' }),
  candidate('cart', 8, { team: 'shop', tier: 'edge' }),
  candidate('mail', 20, { team: 'mail' }),
  candidate('pay', 30, { team: 'pay' }),
  candidate('web', 40, { team: 'shop' }),
];
const divide = (...given: Rule[]) =>
  Object.fromEntries(divideByRules(SHOP, rules(...given)).sets.map(({ name, namespaces }) => [name, namespaces]));

describe('a label selector of a policy', () => {
  const labels = { team: 'shop', tier: 'edge', 'a.b/c': '' };
  it.each([
    ['team=shop', true],
    ['team==shop, tier!=edge', false],
    ['team in (shop, pay),tier', true],
    ['team notin (shop)', false],
    ['!frozen', true],
    ['!team', false],
    ['a.b/c=', true],
    ['nothing!=x', true],
  ])('%s', (text, fits) => expect(selects(parseSelector(text)!, labels)).toBe(fits));

  it.each(['', 'a=b=c', 'team in shop', '=shop', 'a b', 'team in (a;b)', ',', 'a=b,'])('%j is none', (text) =>
    expect(parseSelector(text)).toBeNull(),
  );
});

describe('waves of a policy', () => {
  it('are divided by names, percentages of all pods, and what is left', () => {
    expect(
      divide(
        { name: 'first', namespaces: ['canary'] },
        { name: 'a tenth', percent: 10 },
        { name: 'half', percent: 50 },
        { name: 'rest', percent: 100 },
      ),
    ).toEqual({ first: ['canary'], 'a tenth': ['cart'], half: ['mail'], rest: ['pay', 'web'] });
  });

  it('take what labels select, but for what is excluded; the others come last', () => {
    expect(divide({ name: 'shop', selector: 'team=shop', exclude: ['web'] })).toEqual({
      shop: ['canary', 'cart'],
      rest: ['mail', 'pay', 'web'],
    });
  });

  it('count a namespace that several rules name in the first of them, and leave out what is empty', () => {
    expect(
      divide({ name: 'one', namespaces: ['web'] }, { name: 'two', namespaces: ['web'] }, { name: 'rest' }),
    ).toEqual({ one: ['web'], rest: ['canary', 'cart', 'mail', 'pay'] });
  });

  it('begin with the namespaces that are listed, in that order', () => {
    expect(divide({ name: 'all', order: ['web', 'mail'] })).toEqual({ all: ['web', 'mail', 'canary', 'cart', 'pay'] });
    expect(divide({ name: 'half', percent: 50, order: ['web'] })['half']).toEqual(['web', 'canary', 'cart']);
  });

  it('never exceed their percentage, and lose no namespace', () =>
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 }),
        (sizes, percents) => {
          const all = sizes.map((pods, index) => candidate(`n${index}`, pods));
          const total = sizes.reduce((sum, pods) => sum + pods, 0);
          const given = percents.sort((a, b) => a - b).map((percent, index) => ({ name: `w${index}`, percent }));
          const { sets } = divideByRules(all, rules(...given));
          expect(sets.flatMap(({ namespaces }) => namespaces).sort()).toEqual(all.map((each) => each.namespace).sort());
          let moved = 0;
          for (const { name, namespaces } of sets) {
            moved += namespaces.reduce((sum, each) => sum + all.find(({ namespace }) => namespace === each)!.pods, 0);
            const percent = given.find((rule) => rule.name === name)?.percent;
            if (percent !== undefined) expect(moved).toBeLessThanOrEqual((percent * total) / 100);
          }
        },
      ),
    ));

  it('name what this cluster does not have', () => {
    const { problems } = divideByRules(
      SHOP,
      rules({ name: 'one', namespaces: ['gone'], order: ['cart'] }, { name: 'two', selector: 'team=nobody' }),
    );
    expect(problems.map(({ namespace, message }) => [namespace, message])).toEqual([
      ['gone', expect.stringContaining('Wave one names namespace gone')],
      [undefined, expect.stringContaining('selects no namespace')],
    ]);
  });

  it.each<[string, Rule[]]>([
    ['two waves are called one', [{ name: 'one' }, { name: 'one' }]],
    ['20 cannot come after 50', [{ name: 'a', percent: 50 }, { name: 'b' }, { name: 'c', percent: 20 }]],
    ['that name is taken', [{ name: 'gateways' }]],
    ['only the last wave can be called rest', [{ name: 'rest' }, { name: 'b' }]],
    ['names and excludes', [{ name: 'a', namespaces: ['x'], exclude: ['x'] }]],
    ['a selector has the form', [{ name: 'a', selector: 'team is shop' }]],
  ])('that could fit no cluster are refused: %s', (message, waves) => {
    expect(JSON.stringify(policySchema.safeParse({ waves }).error?.issues)).toContain(message);
  });

  it('and a canary of the caller are two answers to one question', () => {
    const policy = { waves: [{ name: 'a' }] };
    expect(upgradeOptionsSchema.safeParse({ canary: ['a'], policy }).success).toBe(false);
    expect(upgradeOptionsSchema.safeParse({ canary: ['a'] }).success).toBe(true);
  });
});

describe('what a policy says about the waves of a plan', () => {
  const waves = [
    { name: 'canary', namespaces: ['a', 'b'], gate: 'canary' },
    { name: 'gateways', namespaces: [], gate: 'finalize' },
  ];

  it('is their gate, their order, and how much of a namespace begins', () => {
    const [rule] = [{ name: 'canary', gates: [{ soak: '10m' }], order: ['b', 'x'], perNamespacePercent: 20 }];
    const policy = policySchema.parse({ waves: [rule], gateways: { approval: 'none' } });
    expect(withPolicy(waves, policy)).toEqual([
      { ...waves[0], gates: [{ soak: 600 }], order: ['b'], firstPercent: 20 },
      waves[1],
    ]);
    expect(withPolicy(withPolicy(waves, policy), policySchema.parse({}))).toEqual(waves);
  });

  it('asks a person before the gateways, unless it says that nobody is needed', () => {
    const gates = { afterWave: [{ analysis: 'istio-defaults' }] };
    const [asked] = withPolicy(waves, policySchema.parse({ gates }));
    expect(asked?.gates).toEqual([...gates.afterWave, { manual: true, approvers: 1 }]);
    expect(withPolicy(waves, policySchema.parse({ gates, gateways: { approval: 'none' } }))).toEqual(waves);
  });
});

describe('a plan with waves of a policy', () => {
  const mesh: DetectedMesh = {
    cluster: 'shop',
    kubernetes: '1.21',
    controlPlanes: [
      { revision: 'default', deployment: 'istiod', version: '1.6.13', ready: true, installer: 'istioctl' },
    ],
    namespaces: SHOP.map(({ namespace, pods, labels }) => ({
      namespace,
      injection: 'enabled',
      revision: null,
      podsByProxy: { '1.6.13': pods },
      workloads: 1,
      ...(labels && { labels }),
    })),
    gateways: ['istio-system/istio-ingressgateway'],
  };
  const release = loadCatalogue({ releases: [], mirrors: {}, downloads: { hosts: [], loopbackHttp: false } }, {}).find(
    '1.6.14-asm.2',
  )!;
  const plan = (policy: object) =>
    planOf(
      upgradeRequestSchema.parse({ cluster: 'shop', release: release.version, options: { policy } }),
      release,
      mesh,
    );

  it('has a gate of its own name after each wave, and finalize after the last', () => {
    const { waves, commands, findings } = plan({
      waves: [{ name: 'shop', selector: 'team=shop', gates: [{ soak: '1h' }, { manual: true, approvers: 2 }] }],
      gates: { afterWave: [] },
    });
    expect(findings.filter(({ check }) => check === 'MESH002')).toEqual([]);
    expect(waves.map(({ name, gate }) => [name, gate])).toEqual([
      ['shop', 'shop'],
      ['rest', 'finalize'],
    ]);
    expect(commands).toContain('# gate shop: soak 1h, then promotion by 2 people');
    expect(commands).toContain('# gate finalize: open');
  });

  it('has another hash when only a gate is another one', () => {
    const hashes = [[], [{ soak: 60 }]].map((gates) => plan({ waves: [{ name: 'a', gates }] }).hash);
    expect(new Set(hashes).size).toBe(2);
  });

  it('says that gateways cannot move at another time than they do', () => {
    const problems = ['lastWave', 'withControlPlane', undefined].map((when) =>
      plan({ gateways: { when } }).findings.filter(({ reason }) => reason === 'WavesImpossible'),
    );
    expect(problems.map(({ length }) => length)).toEqual([1, 0, 0]);
    const revisioned = divideRevisioned(
      { ...mesh, gatewayDeployments: [{ deployment: 'gw/public', kind: 'injected' }] },
      { from: 'default', to: 'new' },
      { exclude: [], policy: policySchema.parse({ gateways: { when: 'withControlPlane' } }) },
    );
    expect(revisioned.problems.map(({ message }) => message)).toEqual([expect.stringContaining('moves them last')]);
  });
});
