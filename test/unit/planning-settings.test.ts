import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../activities/planning/checks/installed-settings.js';
import { ofVersion } from '../../activities/planning/checks/version-differences.js';
import { objectsIn } from '../../activities/kube/manifests.js';
import { diffText, flatten, lostSettings, overlay, withSet } from '../../domain/settings-diff.js';

const flat = (tree: unknown) => Object.fromEntries(flatten(tree));

describe('a flattened tree of settings', () => {
  it('has the paths that --set takes, named things by their names, and nothing that is empty', () => {
    expect(
      flat({
        values: { pilot: { env: {}, traceSampling: 1 }, 'a.b': true },
        gateways: [{ name: 'in', enabled: true }],
        hosts: ['a', 'b'],
        none: null,
        empty: '',
      }),
    ).toEqual({
      'values.pilot.traceSampling': '1',
      'values.a\\.b': 'true',
      'gateways[in].name': 'in',
      'gateways[in].enabled': 'true',
      'hosts[0]': 'a',
      'hosts[1]': 'b',
    });
  });
});

describe('what would be lost', () => {
  const lost = (old: object, given: object, plain = given) =>
    lostSettings(flatten(old), flatten(given), flatten(plain));

  it('is what differs although nobody chose it', () => {
    expect(lost({ a: '1', b: 'x', c: 'kept' }, { a: '2', c: 'kept' })).toEqual([
      { path: 'a', old: '1', new: '2' },
      { path: 'b', old: 'x', new: null },
    ]);
  });

  it('is not what the caller has set, to the same or to something else', () => {
    expect(lost({ a: '1', b: '1' }, { a: '1', b: '3' }, { a: '2', b: '2' })).toEqual([]);
  });

  it('is neither what only the new one has, nor the same amount in other words', () => {
    expect(lost({ memory: '2Gi', cpu: '500m' }, { memory: '2048Mi', cpu: 0.5, added: 'x' })).toEqual([]);
  });

  it('is shown line by line, without what sounds like a secret', () => {
    const shown = diffText(lost({ a: '1', password: 'hunter2', z: 'x' }, { a: '2' }));
    expect(shown).toBe('- a: 1\n+ a: 2\n- password: (redacted)\n- z: x');
    expect(diffText(lost({ a: '1', b: '1' }, {}), 1)).toBe('- a: 1\n... and 1 more');
  });
});

describe('an overlay', () => {
  it('merges lists of named things by name, and replaces other lists', () => {
    const base = { gateways: [{ name: 'in', a: 1, b: 1 }], hosts: ['x', 'y'] };
    const over = { gateways: [{ name: 'out' }, { name: 'in', b: 2 }], hosts: ['z'] };
    expect(overlay(base, over)).toEqual({ gateways: [{ name: 'in', a: 1, b: 2 }, { name: 'out' }], hosts: ['z'] });
  });

  it.each([
    ['values.pilot.traceSampling=100', { values: { pilot: { traceSampling: '100', image: 'pilot' } } }],
    ['gateways[0].enabled=false', { gateways: [{ name: 'in', enabled: 'false' }] }],
    ['gateways.[name:in].enabled=false', { gateways: [{ name: 'in', enabled: 'false' }] }],
    ['gateways[out].enabled=true', { gateways: [{ name: 'in' }, { name: 'out', enabled: 'true' }] }],
    ['labels.a\\.b/c=d=e', { labels: { 'a.b/c': 'd=e' } }],
  ])('takes --set %s', (option, expected) => {
    const base = { values: { pilot: { image: 'pilot' } }, gateways: [{ name: 'in' }] };
    expect(withSet(base, option)).toEqual({ ...base, ...expected });
  });
});

describe('settings of installed objects', () => {
  const manifest = `# only a comment
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: istiod-asm-1, namespace: istio-system }
spec:
  template:
    spec:
      containers:
        - name: discovery
          image: gcr.io/x/pilot:1
          args: [discovery, --domain, cluster.local, '--log=a=b']
          env: [{ name: REVISION, value: asm-1 }, { name: ISTIOD_ADDR, value: istiod-asm-1.istio-system.svc:15012 }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio-asm-1 }
data:
  mesh: |
    trustDomain: cluster.local
    discoveryAddress: istiod-asm-1.istio-system.svc:15012
`;

  it('are the same for every revision: no names, no images, no addresses of its own', () => {
    expect(Object.fromEntries(settingsOf(objectsIn(manifest), '-asm-1'))).toEqual({
      'Deployment istiod.containers[discovery].name': 'discovery',
      'Deployment istiod.containers[discovery].args.discovery': 'true',
      'Deployment istiod.containers[discovery].args.--domain': 'cluster.local',
      'Deployment istiod.containers[discovery].args.--log': 'a=b',
      'Deployment istiod.containers[discovery].env.ISTIOD_ADDR': 'istiod.istio-system.svc:15012',
      'ConfigMap istio.mesh.trustDomain': 'cluster.local',
      'ConfigMap istio.mesh.discoveryAddress': 'istiod.istio-system.svc:15012',
    });
  });

  it("leave out what 1.5 has by default, but not another value, and not 1.6's", () => {
    const auto = (old: string) => ({ path: 'ConfigMap istio.mesh.enableAutoMtls', old, new: null });
    expect(ofVersion('1.5.10', auto('true'))).toBe(true);
    expect(ofVersion('1.5.10', auto('false'))).toBe(false);
    expect(ofVersion('1.6.13', auto('true'))).toBe(false);
  });
});
