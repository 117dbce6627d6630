import { analysisTemplateSchema, type AnalysisTemplate } from '../policy/analysis-template.js';

/** Requests as the sidecar of the pod that answers counts them: its revision is what is judged. */
const ANSWERED = 'reporter="destination",$revisionLabel="$revision",destination_workload_namespace=~"$namespaces"';
const ALL = `sum(rate(istio_requests_total{${ANSWERED}}[$window]))`;
const BAD = `sum(rate(istio_requests_total{${ANSWERED},response_code=~"5.."}[$window]))`;
const OF_ISTIOD = '$revisionLabel="$revision"';

/** Fewer requests a second tell nothing. */
const VOLUME = { query: ALL, min: 0.1 };

const latency = (quantile: number) =>
  `histogram_quantile(${quantile}, sum by (le) (rate(istio_request_duration_milliseconds_bucket{${ANSWERED}}[$window])))`;

/**
 * A counter that does not exist before it counts for the first time: 0 where its istiod is seen to live, and no data where
 * it is not. NaN, of a histogram without an event, is dropped by the comparison.
 */
const orNothing = (query: string) => `(${query} >= 0) or 0 * sum(pilot_xds{${OF_ISTIOD}})`;

const ISTIO_DEFAULTS = {
  metrics: [
    { name: 'request-volume', query: ALL, volume: VOLUME },
    {
      name: 'error-ratio',
      query: `(${BAD} or 0 * ${ALL}) / ${ALL}`,
      max: 0.05,
      maxRatioToControl: 2,
      floor: 0.01,
      volume: VOLUME,
    },
    { name: 'latency-p50', query: latency(0.5), maxRatioToControl: 2, floor: 50, volume: VOLUME },
    { name: 'latency-p99', query: latency(0.99), maxRatioToControl: 2, floor: 250, volume: VOLUME },
    {
      name: 'rejected-configuration',
      query: orNothing(`sum(increase(pilot_total_xds_rejects{${OF_ISTIOD}}[$window]))`),
      maxRatioToControl: 2,
      floor: 0.5,
    },
    {
      name: 'injection-failures',
      query: orNothing(`sum(increase(sidecar_injection_failure_total{${OF_ISTIOD}}[$window]))`),
      maxRatioToControl: 2,
      floor: 0.5,
    },
    {
      name: 'push-time-p99',
      query: orNothing(
        `histogram_quantile(0.99, sum by (le) (rate(pilot_proxy_convergence_time_bucket{${OF_ISTIOD}}[$window])))`,
      ),
      max: 30,
      maxRatioToControl: 3,
      floor: 1,
    },
    { name: 'proxies-connected', query: `sum(pilot_xds{${OF_ISTIOD}})`, min: 1 },
    {
      // Told where kube-state-metrics is there; what decides is Meshlift's own look at the pods.
      name: 'container-restarts',
      query: 'sum(increase(kube_pod_container_status_restarts_total{namespace=~"$namespaces"}[$window]))',
      dryRun: true,
    },
  ].map((metric) => ({ interval: '30s', count: 5, inconclusiveLimit: 2, ...metric })),
};

/** Analyses that every server knows. One of the same name in its configuration takes the place. */
export const BUILT_IN_ANALYSES: Readonly<Record<string, AnalysisTemplate>> = {
  'istio-defaults': analysisTemplateSchema.parse(ISTIO_DEFAULTS),
};
