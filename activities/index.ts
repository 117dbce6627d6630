import type { Activities } from './contract.js';
import { createContext, type ActivityDeps } from './context.js';
import { createRecordEvents } from './audit/record-events.js';
import { createHoldCluster, createReleaseCluster } from './fence/hold-cluster.js';
import { createInstallGateways } from './gateways/install-gateways.js';
import { createInstallNodeAgent } from './gateways/install-node-agent.js';
import { createMoveGateway } from './gateways/move-gateway.js';
import { createPinGateway, createReleaseGateway } from './gateways/pin-gateways.js';
import { createJudgeGate } from './gates/judge-gate.js';
import { createNotePodHealth, createWatchPodHealth } from './gates/pod-health.js';
import { heartbeating } from './heartbeat.js';
import { createAdoptDefaultService, createRemoveOldControlPlane, createRemoveOldInjection } from './mesh/finalise.js';
import { createInstallControlPlane } from './mesh/install-control-plane.js';
import { createCheckOldRevisionUnused } from './mesh/old-revision-usage.js';
import { createMoveTags, createRestoreTags } from './mesh/move-tags.js';
import { createVerifyControlPlane } from './mesh/verify-control-plane.js';
import { createVerifyMesh } from './mesh/verify-mesh.js';
import { createDetectMesh } from './planning/detect-mesh.js';
import { createMakePlan } from './planning/make-plan.js';
import { createRunPreflight } from './planning/preflight.js';
import { createFetchRelease } from './releases/release-for.js';
import { createCompareWithSnapshot } from './rollback/compare.js';
import { createPrepareWayBack } from './rollback/prepare-way-back.js';
import { createReinstallSource } from './rollback/reinstall-source.js';
import { createRemoveNewControlPlane } from './rollback/remove-new-control-plane.js';
import { createRestoreGateways } from './rollback/restore-gateways.js';
import { createRestoreInPlace, createRestoreOldControlPlane } from './rollback/restore-old-control-plane.js';
import { createTakeSnapshot } from './rollback/take-snapshot.js';
import { createConfirmMoved, createConfirmMovedBack } from './workloads/confirm-moved.js';
import { createWatchForOutsiders } from './outsiders/watch-for-outsiders.js';
import { createFindNewcomers } from './workloads/find-newcomers.js';
import { createMoveNamespaces } from './moves/move-namespaces.js';
import { createPlanWorkloads } from './workloads/plan-workloads.js';

export type { ActivityDeps } from './context.js';

/** Everything that the workflows may ask of the world. */
export function createActivities(deps: ActivityDeps): Activities {
  const context = createContext(deps);
  return alive({
    detectMesh: createDetectMesh(context),
    makePlan: createMakePlan(context),
    runPreflight: createRunPreflight(context),
    planWorkloads: createPlanWorkloads(context),
    holdCluster: createHoldCluster(context),
    releaseCluster: createReleaseCluster(context),
    fetchRelease: createFetchRelease(context),
    prepareWayBack: createPrepareWayBack(context),
    takeSnapshot: createTakeSnapshot(context),
    installControlPlane: createInstallControlPlane(context),
    pinGateway: createPinGateway(context),
    moveGateway: createMoveGateway(context),
    installGateways: createInstallGateways(context),
    installNodeAgent: createInstallNodeAgent(context),
    releaseGateway: createReleaseGateway(context),
    verifyControlPlane: createVerifyControlPlane(context),
    moveTags: createMoveTags(context),
    restoreTags: createRestoreTags(context),
    findNewcomers: createFindNewcomers(context),
    moveNamespaces: createMoveNamespaces(context),
    confirmMoved: createConfirmMoved(context),
    checkOldRevisionUnused: createCheckOldRevisionUnused(context),
    adoptDefaultService: createAdoptDefaultService(context),
    removeOldInjection: createRemoveOldInjection(context),
    removeOldControlPlane: createRemoveOldControlPlane(context),
    verifyMesh: createVerifyMesh(context),
    watchForOutsiders: createWatchForOutsiders(context),
    notePodHealth: createNotePodHealth(context),
    watchPodHealth: createWatchPodHealth(context),
    judgeGate: createJudgeGate(context),
    restoreOldControlPlane: createRestoreOldControlPlane(context),
    restoreInPlace: createRestoreInPlace(context),
    restoreGateways: createRestoreGateways(context),
    confirmMovedBack: createConfirmMovedBack(context),
    reinstallSource: createReinstallSource(context),
    removeNewControlPlane: createRemoveNewControlPlane(context),
    compareWithSnapshot: createCompareWithSnapshot(context),
    recordEvents: createRecordEvents(context),
  });
}

/**
 * Every activity gives signs of life while it works, however long its server is silent: a worker that dies in any of them
 * is noticed at once, and none that waits is taken for dead.
 */
function alive(activities: Activities): Activities {
  const wrapped = Object.entries(activities).map(([name, work]: [string, (input: unknown) => Promise<unknown>]) => {
    return [name, (input: unknown) => heartbeating(() => work(input))] as const;
  });
  return Object.fromEntries(wrapped) as unknown as Activities;
}
