import { describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { readFileSync } from 'node:fs';
import type { CheckInput } from '../../activities/planning/check.js';
import { withoutPlace } from '../../activities/planning/checks/capacity.js';
import { gitOpsOwner } from '../../activities/planning/checks/gitops-owners.js';
import { sourceKubernetesRange } from '../../activities/planning/checks/source-kubernetes-range.js';
import { largestSurge } from '../../activities/planning/checks/surge-room.js';
import { stopsARun } from '../../activities/planning/checks/webhooks.js';
import { selects } from '../../domain/label-selector.js';
import { parseQuantity, requestsOf } from '../../domain/pod-requests.js';
import { upgradeRequestSchema } from '../../domain/plan.js';
import { RIGHTS, rightsFor, stepsOf } from '../../domain/rights-table.js';
import { bindingsFor, questionsOf, rolesFor, type Question, type RightsStep } from '../../domain/rights.js';

describe('a quantity', () => {
  it.each([
    ['500m', 0.5],
    ['2Gi', 2 ** 31],
    ['2048Mi', 2 ** 31],
    ['1e3', 1000],
    ['11k', 11_000],
    [4, 4],
    ['much', null],
    ['', null],
  ])('%s is %s', (text, amount) => expect(parseQuantity(text)).toBe(amount));

  it('of a pod is that of all containers, or of a larger init container', () => {
    const asks = (cpu: string) => ({ resources: { requests: { cpu } } });
    expect(requestsOf({ containers: [asks('1'), asks('500m'), {}] }).cpu).toBe(1.5);
    expect(requestsOf({ containers: [asks('1')], initContainers: [asks('2')] }).cpu).toBe(2);
  });
});

describe('room on the nodes', () => {
  const rooms = [
    { node: 'a', cpu: 2, memory: 4 },
    { node: 'b', cpu: 2, memory: 3 },
  ];

  it('is used up pod by pod, and never shared between nodes', () => {
    expect(
      withoutPlace(
        [
          { cpu: 1, memory: 3 },
          { cpu: 1, memory: 3 },
        ],
        rooms,
      ),
    ).toEqual([]);
    expect(withoutPlace([{ cpu: 1, memory: 7 }], rooms)).toHaveLength(1);
    expect(
      withoutPlace(
        Array.from({ length: 5 }, () => ({ cpu: 1, memory: 1 })),
        rooms,
      ),
    ).toHaveLength(1);
    expect(withoutPlace([{ cpu: 0, memory: 0 }], [])).toHaveLength(1);
  });

  it('is asked for by the largest workloads that may move at once', () => {
    const workload = (namespace: string, name: string, replicas: number, spec: object = {}) => ({
      ref: { kind: 'Deployment' as const, namespace, name },
      object: {
        metadata: { name, namespace },
        spec: { replicas, ...spec, template: { spec: { containers: [{ resources: { requests: { memory: '1' } } }] } } },
      },
    });
    const all = [workload('a', 'small', 1), workload('a', 'large', 9), workload('b', 'other', 4)];
    const surge = (maxConcurrentWorkloads: 'auto' | number, maxSurgePods: number, workloads = all) =>
      largestSurge(
        workloads,
        { name: 'rest', namespaces: ['a', 'b'], gate: 'g' },
        { maxConcurrentWorkloads, maxSurgePods },
      ).length;
    // A quarter of the replicas, rounded up: 1 + 3 in a, 1 in b.
    expect(surge(8, 200)).toBe(5);
    expect(surge(8, 4)).toBe(4);
    expect(surge(1, 200)).toBe(3);
    // One that adapts need not have room for more than the largest.
    expect(surge('auto', 200)).toBe(3);
    expect(surge(8, 200, [workload('a', 'w', 4, { strategy: { type: 'Recreate' } })])).toBe(0);
    expect(surge(8, 200, [workload('a', 'w', 4, { strategy: { rollingUpdate: { maxSurge: '100%' } } })])).toBe(4);
  });
});

describe('a label selector', () => {
  it.each([
    [{}, {}, true],
    [{ matchLabels: { a: '1' } }, { a: '1' }, true],
    [{ matchLabels: { a: '1' } }, {}, false],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['1', '2'] }] }, { a: '2' }, true],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] }, {}, true],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, {}, false],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, {}, true],
  ])('%j selects %j: %s', (selector, labels, expected) => expect(selects(selector, labels)).toBe(expected));

  it('with an operator that nobody knows is no selector that selects nothing', () => {
    expect(() => selects({ matchExpressions: [{ key: 'a', operator: 'Near' }] }, {})).toThrow('"Near"');
  });
});

describe('a webhook without anybody behind it', () => {
  const webhook = (rule: object, failurePolicy = 'Fail') =>
    stopsARun({ name: 'w', clientConfig: {}, failurePolicy, rules: [{ apiGroups: [''], operations: ['*'], ...rule }] });

  it('stops a run where that needs what it is asked about', () => {
    expect(webhook({ resources: ['pods'] })).toBe(true);
    expect(webhook({ resources: ['*'], apiGroups: ['*'] })).toBe(true);
    expect(webhook({ resources: ['pods/eviction'], operations: ['DELETE'] })).toBe(false);
    expect(webhook({ resources: ['persistentvolumes'] })).toBe(false);
    expect(webhook({ resources: ['pods'] }, 'Ignore')).toBe(false);
  });
});

describe('the owner in a repository', () => {
  const path = [['f:metadata', 'f:labels', 'f:istio-injection']];
  const object = (manager: string, labels: Record<string, string>, fields: object) => ({
    metadata: {
      name: 'shop',
      labels,
      managedFields: [{ manager, fieldsV1: { 'f:metadata': { 'f:labels': fields } } }],
    },
  });

  it('is seen by who wrote the field that the run changes', () => {
    expect(gitOpsOwner(object('argocd-controller', {}, { 'f:istio-injection': {} }), path)).toMatchObject({
      tool: 'Argo CD',
      writesField: true,
    });
    expect(gitOpsOwner(object('kustomize-controller', {}, { 'f:team': {} }), path)).toMatchObject({
      tool: 'Flux',
      writesField: false,
    });
    expect(gitOpsOwner(object('kubectl', {}, { 'f:istio-injection': {} }), path)).toBeNull();
  });

  it('is seen by its labels, and then taken to write anything', () => {
    const argo = { 'argocd.argoproj.io/instance': 'shop' };
    expect(gitOpsOwner(object('kubectl-client-side-apply', argo, {}), path)).toEqual({
      tool: 'Argo CD',
      by: 'shop',
      writesField: true,
    });
  });

  it('is not every chart that writes an instance label', () => {
    const chart = { 'app.kubernetes.io/instance': 'shop' };
    expect(gitOpsOwner(object('helm', chart, {}), path)).toBeNull();
    expect(gitOpsOwner(object('argocd-controller', chart, {}), path)?.by).toBe('shop');
  });
});

describe('the rights that a run needs', () => {
  it('are asked for once each, and every one belongs to a step', () => {
    const questions = questionsOf(RIGHTS);
    expect(new Set(questions.map((question) => JSON.stringify(question))).size).toBe(questions.length);
    expect(questions.filter((question) => stepsOf(question).length === 0)).toEqual([]);
  });

  it('are not asked for one namespace where they are needed everywhere', () => {
    // Helm keeps its releases in Secrets of the mesh's namespace: another step, which most runs do not have.
    const rights = RIGHTS.filter(({ step }) => step !== 'helm');
    const secrets = questionsOf(rights).filter(({ resource }) => resource === 'secrets');
    expect(secrets.map(({ verb, namespace }) => [verb, namespace])).toEqual([
      ['get', 'istio-system'],
      ['list', undefined],
      ['watch', undefined],
    ]);
    expect(stepsOf({ group: '', resource: 'secrets', verb: 'list' })).toEqual(['plan', 'analyze', 'helm', 'reinstall']);
  });

  it.each<[string, readonly string[], readonly RightsStep[]]>([
    ['those who look', ['reader'], ['plan', 'planCurrent', 'analyze']],
    ['those who move workloads', ['reader', 'roller'], ['plan', 'planCurrent', 'analyze', 'move', 'guard']],
    ['gates that run Jobs', ['job-gates'], ['jobGates']],
  ])('are exactly what infra/rbac grants to %s', (_, files, steps) => {
    const granted = files.flatMap((file) => grantedIn(`infra/rbac/${file}.yaml`));
    const needed = questionsOf(RIGHTS.filter(({ step }) => steps.includes(step)));
    // Files are applied before there is a namespace of the mesh: what is needed there alone they grant everywhere.
    const words = (questions: readonly Question[]) => {
      const all = new Set(
        questions.map(({ group, resource, verb, name = '' }) => `${verb} ${resource}.${group} ${name}`),
      );
      return [...all].filter((right) => right.endsWith(' ') || !all.has(right.replace(/[^ ]+$/, '')));
    };
    expect(words(granted).sort()).toEqual(words(needed).sort());
  });

  it('to run Jobs are needed only where a gate of the policy runs one', () => {
    const stepsFor = (policy: object) => {
      const { options } = upgradeRequestSchema.parse({ cluster: 'prod', release: '1', options: { policy } });
      return rightsFor({ route: null, options, waves: [] }).map(({ step }) => step);
    };
    expect(stepsFor({})).not.toContain('jobGates');
    expect(stepsFor({ gates: { afterWave: [{ job: 'smoke' }] } })).toContain('jobGates');
    const waves = [{ name: 'canary', percent: 10, gates: [{ job: 'smoke' }] }];
    expect(stepsFor({ waves })).toContain('jobGates');
  });

  it('become roles that grant each of them, cluster-wide or in one namespace', () => {
    const questions: Question[] = [
      { group: '', resource: 'pods', verb: 'list' },
      { group: '', resource: 'secrets', verb: 'get', namespace: 'istio-system' },
    ];
    const roles = rolesFor(questions, 'missing');
    expect(roles.map((role) => [(role as { kind: string }).kind, (role as { rules: unknown }).rules])).toEqual([
      ['ClusterRole', [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]],
      ['Role', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]],
    ]);
    expect(stringify(bindingsFor(roles, 'me')[1])).toContain('kind: RoleBinding');
  });
});

describe('the Kubernetes of the source', () => {
  it.each([
    ['1.5.10', '1.13', 1],
    ['1.5.10', '1.14', 0],
    ['1.6.13', '1.22', 1],
    ['1.6.13', '1.21', 0],
  ])('%s on %s: %i findings', async (version, kubernetes, count) => {
    const release = { driver: 'asm-1.6' };
    const input = { release, plan: { route: { from: { version } } }, mesh: { kubernetes }, cluster: { id: 'shop' } };
    expect(await sourceKubernetesRange.look(input as unknown as CheckInput)).toHaveLength(count);
  });
});

/** What the roles of a file grant, but the right to ask what one may do, which everybody has. */
function grantedIn(file: string): Question[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => {
    const { rules = [] } = document.toJS() as {
      rules?: { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[];
    };
    const questions = rules.flatMap(({ apiGroups, resources, resourceNames: [name] = [], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({ group, resource, verb, ...(name === undefined ? {} : { name }) })),
        ),
      ),
    );
    return questions.filter(({ group }) => group !== 'authorization.k8s.io');
  });
}
