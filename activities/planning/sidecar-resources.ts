import { DEFAULT_REVISION, inRevision, ISTIO_NAMESPACE } from '../../domain/names.js';
import { quantity } from '../../domain/quantity.js';
import type { Workload } from '../../domain/rollout.js';
import type { CheckInput } from './check.js';

/** Cores and bytes. */
export interface Amounts {
  readonly cpu: number;
  readonly memory: number;
}

/** What a container asks for and what it may take. */
export interface Resources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

type Raw = Partial<Record<'requests' | 'limits', Partial<Record<'cpu' | 'memory', string>>>>;
type Template = Workload['spec']['template'];

/** What the charts give a sidecar when nobody says anything else. */
const BY_DEFAULT: Raw = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2000m', memory: '1024Mi' } };

/** What a sidecar of the old control plane asks for, by the values that its injector was given. */
export async function sidecarResources({ kube, plan }: CheckInput): Promise<Resources> {
  const revision = plan.route?.from.revision ?? DEFAULT_REVISION;
  const name = inRevision('istio-sidecar-injector', revision);
  const found = await kube.get({ api: 'v1', plural: 'configmaps', namespace: ISTIO_NAMESPACE, name });
  const { values } = (found?.['data'] ?? {}) as { values?: string };
  const parsed = values === undefined ? {} : (JSON.parse(values) as { global?: { proxy?: { resources?: Raw } } });
  return amountsOf(parsed.global?.proxy?.resources ?? BY_DEFAULT);
}

/** What a new pod of a template takes: its containers, and the sidecar that it gets. */
export function podResources({ spec, metadata }: Template, sidecar: Resources): Resources {
  const annotation = (name: string) => metadata?.annotations?.[`sidecar.istio.io/${name}`];
  const own = (name: string, otherwise: number) => {
    const text = annotation(name);
    return text === undefined ? otherwise : quantity(text);
  };
  const proxy: Resources = {
    requests: {
      cpu: own('proxyCPU', sidecar.requests.cpu),
      memory: own('proxyMemory', sidecar.requests.memory),
    },
    limits: {
      cpu: own('proxyCPULimit', sidecar.limits.cpu),
      memory: own('proxyMemoryLimit', sidecar.limits.memory),
    },
  };
  const containers = spec.containers.map((container) => amountsOf((container as { resources?: Raw }).resources ?? {}));
  return [...containers, proxy].reduce((sum, next) => ({
    requests: add(sum.requests, next.requests),
    limits: add(sum.limits, next.limits),
  }));
}

/** What has a limit but no request asks for its limit. */
function amountsOf({ requests = {}, limits = {} }: Raw): Resources {
  const amount = (text: string | undefined) => (text === undefined ? 0 : quantity(text));
  return {
    requests: { cpu: amount(requests.cpu ?? limits.cpu), memory: amount(requests.memory ?? limits.memory) },
    limits: { cpu: amount(limits.cpu), memory: amount(limits.memory) },
  };
}

function add(a: Amounts, b: Amounts): Amounts {
  return { cpu: a.cpu + b.cpu, memory: a.memory + b.memory };
}
