import type { Finding } from '../../domain/plan.js';
import type { ActivityContext } from '../context.js';
import type { Activities } from '../contract.js';
import { detectMesh } from './detect-mesh.js';
import { CLUSTER_CHECKS } from './cluster-checks.js';
import type { Check } from './check.js';
import { WORKLOAD_CHECKS } from './workload-checks.js';

const CHECKS: readonly Check[] = [...CLUSTER_CHECKS, ...WORKLOAD_CHECKS];

/** Runs every check of the plan. Changes nothing. A check that cannot be answered fails the activity: it is never a pass. */
export function createRunPreflight(context: ActivityContext): Activities['runPreflight'] {
  return async ({ plan }) => {
    const { cluster, kube } = context.access(plan.cluster);
    const release = context.release(plan.release);
    const mesh = await detectMesh(plan.cluster, kube);
    const findings = await Promise.all(CHECKS.map(async (check) => check({ plan, cluster, kube, release, mesh })));
    const order: readonly Finding['severity'][] = ['blocker', 'warning', 'info'];
    return findings
      .flat()
      .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || a.check.localeCompare(b.check));
  };
}
