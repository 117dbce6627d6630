import { condition } from '@temporalio/workflow';
import type { Installation } from '../activities/contract.js';
import type { GatewayDeployment, Route } from '../domain/plan.js';
import { change, watchFor } from './activities.js';
import type { Ledger } from './ledger.js';

/** A canary, its growth and the gateway itself each have the time of a workload. */
const STEPS = 3;

/** The gateways of current Istio: each by its own way, one by one. The guide's path has none that move by themselves. */
export interface GatewayMoves {
  /** Holds what would follow a tag or a label where it is, before the first of them moves. */
  pin(side: 'from' | 'to'): Promise<void>;
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
  const gatewaysOf = (wave: number) => ledger.state().plan?.waves[wave]?.gateways ?? [];
  const all = () => (ledger.state().plan?.waves ?? []).flatMap(({ gateways = [] }) => gateways);
  const declared = (gateways: readonly GatewayDeployment[]) => gateways.filter(({ kind }) => kind === 'gatewayApi');
  const timeoutSeconds = () => ledger.state().plan?.options.workloadTimeoutSeconds ?? 0;

  const moveEach = async (gateways: readonly GatewayDeployment[], direction: 'forward' | 'back'): Promise<void> => {
    const { run, route } = installation();
    for (const gateway of gateways) {
      await condition(() => ledger.state().pause === null);
      const input = { run, route, gateway, direction, timeoutSeconds: timeoutSeconds() };
      await watchFor(STEPS * timeoutSeconds()).moveGateway.executeWithOptions({ summary: gateway.deployment }, [input]);
    }
  };
  const target = (): Pick<Installation, 'run'> & { route: Route } => {
    const { run, route } = installation();
    return { run, route };
  };

  return {
    async pin(side) {
      if (declared(all()).length > 0) await change.pinGateways({ ...target(), side });
    },
    moveDeclared: (wave) => moveEach(declared(gatewaysOf(wave)), 'forward'),
    async moveOthers(wave) {
      const gateways = gatewaysOf(wave);
      await moveEach(
        gateways.filter(({ kind }) => kind === 'injected'),
        'forward',
      );
      await condition(() => ledger.state().pause === null);
      const installed = gateways.filter(({ kind }) => kind === 'installed');
      if (installed.length === 0) return;
      await change.installGateways({ ...installation(), gateways: installed, timeoutSeconds: timeoutSeconds() });
    },
    moveBack: () =>
      moveEach(
        all().filter(({ kind }) => kind !== 'installed'),
        'back',
      ),
    async release(side) {
      if (declared(all()).length > 0) await change.releaseGateways({ ...target(), side });
    },
  };
}
