import type { Activities } from '../../../activities/contract.js';
import type { GateVerdict } from '../../../domain/gate-verdict.js';
import { stepText } from '../../../domain/policy/gate-words.js';
import type { ProofLine } from '../../../domain/run.js';
import type { WorkloadRef } from '../../../domain/workload.js';
import type { FakeMesh } from './fake-mesh.js';
import { moveInMemory } from './move-double.js';

const PROOF: readonly ProofLine[] = [{ name: 'pods', ok: true, detail: 'all looked at' }];

const WELL: GateVerdict = { verdict: 'successful', sentence: 'It is well.', measurements: [] };

/** Activities that act on meshes in memory, each call by the script of its mesh. */
export function createDoubles(meshOf: (cluster: string) => FakeMesh): Activities {
  const act = <Result>(cluster: string, call: string, change: (mesh: FakeMesh) => Result): Promise<Result> => {
    const mesh = meshOf(cluster);
    return mesh.script.perform(call, () => change(mesh));
  };

  return {
    detectMesh: ({ cluster }) =>
      act(cluster, 'detectMesh', () => ({
        cluster,
        kubernetes: '1.21',
        controlPlanes: [],
        namespaces: [],
        gateways: [],
      })),
    makePlan: (request) => act(request.cluster, 'makePlan', (mesh) => mesh.planFor(request)),
    runPreflight: ({ plan }) => act(plan.cluster, 'runPreflight', ({ findings }) => findings),
    planWorkloads: ({ cluster, namespaces }) => act(cluster, `planWorkloads ${namespaces.join(' ')}`, () => []),
    holdCluster: ({ run }) => act(run.cluster, 'holdCluster', () => undefined),
    releaseCluster: ({ run }) => act(run.cluster, 'releaseCluster', () => undefined),
    fetchRelease: ({ run }) =>
      act(run.cluster, 'fetchRelease', () => ({
        archives: [{ version: run.release, role: 'target', digest: 'd', verified: 'key', dir: '/kept' }],
      })),
    prepareWayBack: ({ run }) => act(run.cluster, 'prepareWayBack', () => undefined),
    takeSnapshot: ({ run }) => act(run.cluster, 'takeSnapshot', () => ({ objects: 1, sha256: 's' })),

    installControlPlane: ({ run }) =>
      act(run.cluster, 'installControlPlane', ({ controlPlanes }) => void controlPlanes.add('new')),
    verifyControlPlane: ({ run }) => act(run.cluster, 'verifyControlPlane', () => PROOF),

    moveTags: ({ run, tags }) => act(run.cluster, `moveTags ${tags.map(({ tag }) => tag).join(' ')}`, () => undefined),
    restoreTags: ({ run }) => act(run.cluster, 'restoreTags', () => undefined),

    pinGateway: ({ run, gateway, side }) =>
      act(run.cluster, `pinGateway ${gateway.deployment} ${side}`, () => undefined),
    moveGateway: ({ run, gateway: { deployment }, direction }) => {
      const [namespace = '', name = ''] = deployment.split('/');
      const workload: WorkloadRef = { kind: 'Deployment', namespace, name };
      return act(run.cluster, `moveGateway ${deployment} ${direction}`, () => ({ workload, pods: 2, restarted: true }));
    },
    installGateways: ({ run }) => act(run.cluster, 'installGateways', () => undefined),
    installNodeAgent: ({ run, agent }) => act(run.cluster, `installNodeAgent ${agent.kind}`, () => undefined),
    releaseGateway: ({ run, gateway, side }) =>
      act(run.cluster, `releaseGateway ${gateway.deployment} ${side}`, () => undefined),

    moveNamespaces: (input) => moveInMemory(meshOf(input.run.cluster), input),
    confirmMoved: ({ run }) => act(run.cluster, 'confirmMoved', () => ({ waived: [] })),

    findNewcomers: ({ run, known, excluded }) =>
      act(run.cluster, 'findNewcomers', ({ labels }) => {
        const left = new Set([...known, ...excluded]);
        return { namespaces: [...labels].flatMap(([name, side]) => (side === 'old' && !left.has(name) ? [name] : [])) };
      }),
    notePodHealth: ({ run, wave }) => act(run.cluster, `notePodHealth ${wave}`, () => undefined),
    watchPodHealth: ({ run, wave }) => act(run.cluster, `watchPodHealth ${wave}`, () => WELL),

    checkOldRevisionUnused: ({ run }) => act(run.cluster, 'checkOldRevisionUnused', () => undefined),
    adoptDefaultService: ({ run }) => act(run.cluster, 'adoptDefaultService', () => undefined),
    removeOldInjection: ({ run }) => act(run.cluster, 'removeOldInjection', () => undefined),
    removeOldControlPlane: ({ run }) =>
      act(run.cluster, 'removeOldControlPlane', ({ controlPlanes }) => void controlPlanes.delete('old')),
    verifyMesh: ({ run }) => act(run.cluster, 'verifyMesh', () => PROOF),

    // A watch that went on would keep the clock of the test server from skipping: what the test wants seen comes at once.
    watchForOutsiders: ({ run, told }) => {
      const mesh = meshOf(run.cluster);
      mesh.watches.push(told);
      return Promise.resolve(mesh.outsiders.shift() ?? null);
    },
    judgeGate: ({ run, wave, step, stopAt }) =>
      act(run.cluster, `judgeGate ${wave} ${stepText(step)}${stopAt === undefined ? '' : ' meanwhile'}`, (mesh) => {
        const verdict = mesh.verdicts.shift() ?? 'successful';
        const measurements = [{ metric: 'errors', value: 0.2, threshold: 'at most 0.01', verdict }];
        return { verdict, sentence: `Wave ${wave} is ${verdict}.`, measurements };
      }),
    restoreOldControlPlane: ({ run }) =>
      act(run.cluster, 'restoreOldControlPlane', ({ controlPlanes }) => void controlPlanes.add('old')),
    restoreInPlace: ({ run }) => act(run.cluster, 'restoreInPlace', () => undefined),
    restoreGateways: ({ run }) => act(run.cluster, 'restoreGateways', () => undefined),
    confirmMovedBack: ({ run }) => act(run.cluster, 'confirmMovedBack', () => undefined),
    reinstallSource: ({ run }) => act(run.cluster, 'reinstallSource', () => PROOF),
    removeNewControlPlane: ({ run }) =>
      act(run.cluster, 'removeNewControlPlane', ({ controlPlanes }) => void controlPlanes.delete('new')),
    compareWithSnapshot: ({ run }) => act(run.cluster, 'compareWithSnapshot', () => PROOF),

    recordEvents: ({ run, entries }) => {
      const mesh = meshOf(run.cluster);
      return mesh.script.perform('recordEvents', () => {
        mesh.journal.push(...entries);
        mesh.script.changed();
      });
    },
  };
}
