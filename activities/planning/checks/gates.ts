import { allGateSteps, unknownGates } from '../../../domain/gates/steps.js';
import { BUILT_IN_ANALYSES } from '../../../domain/gates/templates.js';
import { named } from '../../../domain/named.js';
import type { MetricsSettings } from '../../../settings/gates.js';
import { createPrometheus } from '../../gates/prometheus.js';
import type { Check, CheckInput, Found } from '../check.js';

/** A gate that nobody can judge is found out after the first wave has moved: late, and perhaps at night. */
export const judgeableGates: Check = {
  id: 'MESH060',
  look: async (input) => {
    const steps = allGateSteps(input.plan.policy);
    const looks = steps.some((step) => 'analysis' in step);
    return [...unregistered(input), ...(looks ? await metricsProblem(input) : [])];
  },
};

function unregistered({ plan, gates }: CheckInput): Found[] {
  const missing = unknownGates(allGateSteps(plan.policy), {
    analyses: Object.keys({ ...BUILT_IN_ANALYSES, ...gates.analyses }),
    webhooks: Object.keys(gates.webhooks),
    jobs: Object.keys(gates.jobs),
  });
  if (missing.length === 0) return [];
  return [
    {
      reason: 'UnknownGate',
      message: `Gates of the policy name what this server does not know: ${named(missing)}.`,
      remedy: 'Register it in the configuration file and restart the server, or change the policy.',
    },
  ];
}

async function metricsProblem({ cluster, plan, signal }: CheckInput): Promise<Found[]> {
  const { metrics } = cluster;
  if (metrics === undefined) {
    return [
      {
        reason: 'NoMetrics',
        message: `The policy wants an analysis, and nobody has said where the metrics of cluster ${cluster.id} are.`,
        remedy:
          'Add `metrics: { prometheus: <address> }` to the cluster in the configuration file, and restart the server.',
      },
    ];
  }
  // Pods of 1.5 carry nothing that a scrape could take over: series without the label are theirs.
  const isMarked = plan.route?.from.sidecar.revision !== null;
  return isMarked ? ofMarkedSeries(metrics, cluster.id, signal) : [];
}

async function ofMarkedSeries(metrics: MetricsSettings, cluster: string, signal: AbortSignal): Promise<Found[]> {
  const query = `count(istio_requests_total{${metrics.revisionLabel}!=""})`;
  const reading = await createPrometheus(metrics).ask(query, signal);
  if (reading.kind === 'value') return [];
  if (reading.kind === 'error') {
    return [
      {
        severity: 'warning',
        reason: 'MetricsSilent',
        message: `The metrics of cluster ${cluster} cannot be asked: ${reading.message}.`,
        remedy: 'Make Prometheus answer before the first wave has moved; else its analysis pauses the run.',
      },
    ];
  }
  return [
    {
      severity: 'warning',
      reason: 'RevisionUnmarked',
      message: `No series of istio_requests_total of cluster ${cluster} has a label ${metrics.revisionLabel}: the analysis cannot tell the new revision from the old one.`,
      remedy: 'Add the rule of docs/reference/analysis.md to the scrape, or name the label as `revisionLabel`.',
      command: `curl ${metrics.prometheus}/api/v1/query --data-urlencode 'query=${query}'`,
    },
  ];
}
