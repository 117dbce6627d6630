import { placeOf } from '../../domain/gateways.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { heartbeating } from '../heartbeat.js';
import { install } from '../mesh/install-control-plane.js';
import { readSnapshot } from '../rollback/snapshot-file.js';
import { followProxies } from './follow-proxies.js';
import { requireFront } from './gateways.js';
import { proxyOf } from './move-gateway.js';

/**
 * Installs the new revision once more, this time with the gateways that the installer owns: it replaces them in place, last of all
 * (pitfalls 4d). Then each of them is watched, and its addresses and policies are compared with those of before.
 * @throws InstallFailed with istioctl's last lines; GatewayChanged; the reason words of `followProxies`
 */
export function createInstallGateways(context: ActivityContext): Activities['installGateways'] {
  return ({ gateways, timeoutSeconds, ...installation }) =>
    heartbeating(async (signal) => {
      const { run, route } = installation;
      await install(context, installation, 'gateways', signal);
      const before = await readSnapshot(context.dataDir, run);
      const expected = proxyOf(route, 'to');
      for (const gateway of gateways) {
        const workload = { kind: 'Deployment' as const, ...placeOf(gateway) };
        await followProxies(
          context,
          { run, workload, direction: 'forward', expected, timeoutSeconds, isOrdered: false },
          signal,
        );
        await requireFront(context.access(run.cluster).kube, run, before, gateway.deployment);
      }
    });
}
