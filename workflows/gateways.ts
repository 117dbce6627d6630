import { condition } from '@temporalio/workflow';
import type { GatewayStep, Installation } from '../activities/contract.js';
import { isInPlace, type GatewayDeployment } from '../domain/plan.js';
import { change, watchFor } from './activities.js';
import type { Ledger } from './ledger.js';
import { policyOf } from './run-facts.js';

/** A canary, its growth and the gateway itself each have the time of a workload. */
const STEPS = 3;

/** The gateways of current Istio, and what runs on every node: one by one. The guide's path has none that move by themselves. */
export interface GatewayMoves {
  /** Holds what would follow a tag or a label where it is, before the first of them moves. */
  pin(side: 'from' | 'to'): Promise<void>;
  /** Replaces what runs on every node, one part after the other: before the waypoints that rely on it. */
  installAgents(wave: number): Promise<void>;
  /** Moves those of a wave that follow their own label: before any tag of the wave moves. */
  moveDeclared(wave: number): Promise<void>;
  /** Moves the others of a wave: after its tags and namespaces. */
  moveOthers(wave: number): Promise<void>;
  /** Moves back what is not the installer's; that comes back with the snapshot. */
  moveBack(): Promise<void>;
  /** Gives back what their owners wrote. */
  release(side: 'from' | 'to'): Promise<void>;
}

/** Moves the gateways of a run's plan. */
export function createGatewayMoves(ledger: Ledger, installation: () => Installation): GatewayMoves {
  const planned = (wave: number) => ledger.state().plan?.waves[wave];
  const all = () => (ledger.state().plan?.waves ?? []).flatMap(({ gateways = [] }) => gateways);
  const ofKind = (gateways: readonly GatewayDeployment[], kind: GatewayDeployment['kind']) =>
    gateways.filter((gateway) => gateway.kind === kind);
  const timeoutSeconds = () => policyOf(ledger.state()).timeouts.workload;
  const inPlace = () => isInPlace(installation().route);
  /** Those that a tag or a label would take along; in place none of them moves. */
  const pinned = () => (inPlace() ? [] : ofKind(all(), 'gatewayApi'));
  const notHeld = () => condition(() => ledger.state().pause === null);

  type Watching = ReturnType<typeof watchFor>;
  const forEach = async (
    gateways: readonly GatewayDeployment[],
    act: (watch: Watching, step: GatewayStep, options: { summary: string }) => Promise<unknown>,
  ): Promise<void> => {
    const { run, route } = installation();
    for (const gateway of gateways) {
      await notHeld();
      const step = { run, route, gateway, timeoutSeconds: timeoutSeconds() };
      await act(watchFor(STEPS * timeoutSeconds()), step, { summary: gateway.deployment });
    }
  };
  const move = (gateways: readonly GatewayDeployment[], direction: 'forward' | 'back') =>
    forEach(gateways, (watch, step, options) =>
      watch.moveGateway.executeWithOptions(options, [{ ...step, direction }]),
    );

  return {
    pin: (side) =>
      forEach(pinned(), (watch, step, options) => watch.pinGateway.executeWithOptions(options, [{ ...step, side }])),
    async installAgents(wave) {
      for (const agent of planned(wave)?.agents ?? []) {
        await notHeld();
        await change.installNodeAgent({ ...installation(), agent, timeoutSeconds: timeoutSeconds() });
      }
    },
    moveDeclared: (wave) => move(ofKind(planned(wave)?.gateways ?? [], 'gatewayApi'), 'forward'),
    async moveOthers(wave) {
      const gateways = planned(wave)?.gateways ?? [];
      await move(ofKind(gateways, 'injected'), 'forward');
      const installed = ofKind(gateways, 'installed');
      if (installed.length === 0) return;
      // They were installed with the control plane; what they have not got by that they get by a restart.
      if (inPlace()) return move(installed, 'forward');
      await notHeld();
      await change.installGateways({ ...installation(), gateways: installed, timeoutSeconds: timeoutSeconds() });
    },
    // The way it came: a canary that was left behind may hold the room that another gateway needs.
    moveBack: () =>
      move(
        all()
          .filter(({ kind }) => kind !== 'installed' || inPlace())
          .reverse(),
        'back',
      ),
    release: (side) =>
      forEach(pinned(), (watch, step, options) =>
        watch.releaseGateway.executeWithOptions(options, [{ ...step, side }]),
      ),
  };
}
