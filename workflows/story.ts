import { condition, isCancellation, sleep } from '@temporalio/workflow';
import { mayJoin } from '../domain/newcomers.js';
import { isToMoveBack } from '../domain/phases.js';
import { isInPlace, type UpgradeRequest } from '../domain/plan.js';
import { policyOfWave } from '../domain/policy/of-wave.js';
import { needsSourceArchive } from '../domain/release.js';
import { isRolloutFailure } from '../domain/rollout.js';
import type { NamespaceState, Phase, PhaseName, RunState } from '../domain/run.js';
import { change, examine, read, watchFor } from './activities.js';
import { createGates } from './gates.js';
import { createGatewayMoves } from './gateways.js';
import { createInterruptible } from './interruptible.js';
import type { Ledger, NewEvent } from './ledger.js';
import type { Moves } from './moves.js';
import { commandsIn, manualCommandsOf, obstacleOf, policyOf, routeOf, runRefOf } from './run-facts.js';

/** What a run does in each phase; one that is missing does not compile. */
type Story = { readonly [Name in PhaseName]: (phase: Extract<Phase, { readonly name: Name }>) => Promise<void> };

/** Checks whose waiver lets pods stay behind that Meshlift does not touch: without an owner, or with an unknown one. */
const UNMANAGED: readonly string[] = ['MESH023', 'MESH080'];

/**
 * The story of an upgrade: what each phase does. A step ends in an event, and the state machine says where that leads.
 */
export function createStory(ledger: Ledger, moves: Moves, request: UpgradeRequest): (phase: Phase) => Promise<void> {
  const step = createInterruptible(ledger);
  const run = runRefOf(ledger.state());
  const options = () => ledger.state().plan?.options ?? request.options;
  const policy = () => policyOf(ledger.state());
  const target = () => ({ run, route: routeOf(ledger.state()) });
  const overlays = () => ledger.state().plan?.overlays ?? [];
  const installation = () => ({ ...target(), options: options(), overlays: overlays() });
  const inPlace = () => isInPlace(routeOf(ledger.state()));
  const comesFrom15 = () => needsSourceArchive(routeOf(ledger.state()).from.version);
  const gateways = createGatewayMoves(ledger, installation);
  const gates = createGates(ledger, moves, step);
  const untilLeft = (phase: Phase) => condition(() => ledger.state().phase !== phase);
  const tags = () => ledger.state().plan?.tags ?? [];
  const waveName = (wave: number) => ledger.state().plan?.waves[wave]?.name ?? '';
  const over = () => Promise.resolve();

  const story: Story = {
    planning: () =>
      step(async () => {
        await change.holdCluster({ run });
        return { type: 'planned', plan: await read.makePlan(request) };
      }),

    preflight: () =>
      step(async () => {
        const { plan } = ledger.state();
        // Without a route there is nothing more to check: the plan's own blockers end the run.
        const findings = plan?.route == null ? [] : await examine.runPreflight({ plan });
        return { type: 'preflightFinished', findings };
      }),

    preparing: () =>
      step(async () => {
        const { archives } = await change.fetchRelease({ ...target(), overlays: overlays() });
        if (comesFrom15()) await change.prepareWayBack(installation());
        await change.takeSnapshot(target());
        return { type: 'prepared', archives };
      }),

    installing: () =>
      step(async () => {
        await change.installControlPlane(installation());
        return { type: 'installed' };
      }),

    verifying: () =>
      step(async () => {
        await change.verifyControlPlane(target());
        return { type: 'verified' };
      }),

    migrating: ({ wave }) =>
      step(async () => {
        if (wave === 0) await gateways.pin('from');
        await welcomeNewcomers();
        await notePodHealth(wave);
        await gateways.installAgents(wave);
        await gateways.moveDeclared(wave);
        await moveTags(waveName(wave));
        do {
          const failed = await moves.moveAll('forward', (state) => waitingIn(state, wave)).catch(rollBackFor(wave));
          if (failed !== undefined) return failed;
        } while (await welcomeNewcomers());
        await gateways.moveOthers(wave);
        return { type: 'waveFinished' };
      }),

    soaking: gates.soak,
    analysing: gates.judge,
    awaitingPromotion: gates.awaitPromotion,
    rollingBackWave: gates.moveWaveBack,

    finalizing: () =>
      step(async () => {
        const { waived } = await confirmMoved();
        await moveTags('finalize');
        await change.checkOldRevisionUnused({ ...target(), waived });
        await soak();
        await change.checkOldRevisionUnused({ ...target(), waived });
        if (inPlace()) return { type: 'finalized', proof: await change.verifyMesh({ ...target(), waived }) };
        ledger.apply({ type: 'removalStarted' });
        await change.adoptDefaultService(target());
        await change.removeOldInjection(target());
        await change.removeOldControlPlane(target());
        await gateways.release('to');
        return { type: 'finalized', proof: await change.verifyMesh({ ...target(), waived }) };
      }),

    rollingBack: async () => {
      ledger.apply(await rollBack().catch(notBack));
    },

    blocked: untilLeft,
    rollbackBlocked: untilLeft,
    succeeded: over,
    rolledBack: over,
    rejected: over,
    cancelled: over,
  };

  /** Who came into the mesh while the run was under way joins its last wave. In place they have the new sidecar from the start. */
  async function welcomeNewcomers(): Promise<boolean> {
    if (inPlace() || !mayJoin(ledger.state())) return false;
    const known = ledger.state().namespaces.map(({ namespace }) => namespace);
    const { namespaces } = await change.findNewcomers({ ...target(), known, excluded: options().exclude });
    return ledger.apply({ type: 'namespacesJoined', namespaces });
  }

  /** How its workloads do before anything of the wave moves: afterwards nobody blames the new revision for what was so before. */
  async function notePodHealth(wave: number): Promise<void> {
    const { name = '', namespaces = [] } = ledger.state().plan?.waves[wave] ?? {};
    if (namespaces.length > 0) await change.notePodHealth({ run, wave: name, namespaces });
  }

  /** Tags of current Istio: with the wave that holds their last namespace, or before the end where nothing asks for them. */
  async function moveTags(wave: string): Promise<void> {
    const due = tags().filter((move) => move.wave === wave);
    if (due.length > 0) await change.moveTags({ ...target(), tags: due });
  }

  /** What the policy says about a workload that did not move. A run that a person holds stays where it is. */
  function rollBackFor(wave: number) {
    return (error: unknown): NewEvent => {
      const { reason, message } = obstacleOf(error);
      const wanted = policyOfWave(ledger.state(), wave)?.onFailure.workload;
      const isHeld = ledger.state().pause !== null;
      if (isCancellation(error) || isHeld || wanted !== 'rollBack' || !isRolloutFailure(reason)) throw error;
      return { type: 'rollbackRequested', by: 'meshlift', reason: message };
    };
  }

  /** Jobs get the time of a workload to finish; what needs a person holds the run here, unless it was waived. */
  function confirmMoved() {
    const { workload: timeoutSeconds } = policy().timeouts;
    const { waivers } = options();
    const waiveUnmanaged = waivers.some(({ check }) => UNMANAGED.includes(check));
    return watchFor(timeoutSeconds).confirmMoved({ ...target(), timeoutSeconds, pauseSeconds: 1, waiveUnmanaged });
  }

  /** Between the two looks: what comes and goes is caught by one of them. Nothing is removed while the run is paused. */
  async function soak(): Promise<void> {
    const { finalizeSoakSeconds } = options();
    if (finalizeSoakSeconds > 0) await sleep(finalizeSoakSeconds * 1_000, { summary: 'soak before the removal' });
    await condition(() => ledger.state().pause === null);
  }

  /** Guide, step 6, in the only safe order: sidecars first, then the gateway, then the control plane they need no more.
   * The installer of 1.5 removes that one by itself, so it too comes after everything that used it. */
  async function rollBack(): Promise<NewEvent> {
    await bringBackControlPlane();
    await moves.moveAll('back', touchedIn);
    const { workload: timeoutSeconds } = policy().timeouts;
    const restoreGateways = () => change.restoreGateways({ run, timeoutSeconds });
    // In place they were installed anew with the control plane: what their owner keeps must say the old version before they move.
    if (inPlace()) await restoreGateways();
    await gateways.moveBack();
    await restoreGateways();
    await watchFor(timeoutSeconds).confirmMovedBack({ ...target(), timeoutSeconds });
    const reinstalled = comesFrom15() ? await change.reinstallSource(installation()) : [];
    await change.removeNewControlPlane(target());
    await gateways.release('from');
    return { type: 'rolledBack', proof: [...reinstalled, ...(await change.compareWithSnapshot(target()))] };
  }

  /** Where it has gone. It comes back with its tags; in place it must be there before anything can move back to it. */
  async function bringBackControlPlane(): Promise<void> {
    if (inPlace()) return change.restoreInPlace(target());
    if (ledger.state().removing) await gateways.pin('to');
    if (ledger.state().removing) await change.restoreOldControlPlane(target());
    else if (tags().length > 0) await change.restoreTags(target());
  }

  function notBack(error: unknown): NewEvent {
    const manualCommands = [...commandsIn(error), ...manualCommandsOf(ledger.state())];
    return { type: 'failed', obstacle: obstacleOf(error), manualCommands };
  }

  // The table has a function for each name that takes just that phase; the compiler cannot see that the pairs match.
  return (phase) => story[phase.name](phase as never);
}

function waitingIn({ namespaces }: RunState, wave: number): NamespaceState[] {
  return namespaces.filter((row) => row.wave === wave && (row.status === 'waiting' || row.status === 'moving'));
}

function touchedIn({ namespaces }: RunState): NamespaceState[] {
  return namespaces.filter(isToMoveBack);
}
