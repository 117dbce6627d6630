import { parse } from 'yaml';
import { flatten } from '../../../domain/settings-diff.js';
import type { KubeObject } from '../../kube/types.js';

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly resources?: unknown;
}
interface TemplateSpec {
  readonly containers: readonly Container[];
  readonly nodeSelector?: unknown;
  readonly tolerations?: unknown;
  readonly affinity?: unknown;
  readonly priorityClassName?: unknown;
}
type Reader = (object: KubeObject) => unknown;

/** Node affinity that the charts write on every pod says nothing about the installation. */
const readDeployment: Reader = (object) => {
  const { template } = object['spec'] as { template: { spec: TemplateSpec } };
  const { containers, nodeSelector, tolerations, priorityClassName } = template.spec;
  return {
    containers: containers.map(({ name, args = [], env = [], resources }) => ({
      name,
      args: namedArgs(args),
      env: Object.fromEntries(env.filter(({ value }) => value !== undefined).map((entry) => [entry.name, entry.value])),
      resources,
    })),
    nodeSelector,
    tolerations,
    priorityClassName,
  };
};

/** `--log_output_level=x` and `--domain x` as a table, so that order does not count. */
function namedArgs(args: readonly string[]): Record<string, string> {
  const table: Record<string, string> = {};
  let open: string | null = null;
  for (const arg of args) {
    if (open !== null && !arg.startsWith('-')) {
      table[open] = arg;
      open = null;
      continue;
    }
    const [flag = arg, value] = arg.split(/=(.*)/s);
    table[flag] = value ?? 'true';
    open = value === undefined && flag.startsWith('-') ? flag : null;
  }
  return table;
}

const readConfigMap: Reader = (object) => {
  const data = (object['data'] ?? {}) as Readonly<Record<string, string>>;
  const parsed = (key: string): unknown => (data[key] === undefined ? undefined : parse(data[key]));
  return { mesh: parsed('mesh'), meshNetworks: parsed('meshNetworks'), values: parsed('values') };
};

const readAutoscaler: Reader = (object) => {
  const { minReplicas, maxReplicas } = object['spec'] as { minReplicas?: number; maxReplicas?: number };
  return { minReplicas, maxReplicas };
};

const readService: Reader = (object) => {
  const spec = object['spec'] as Readonly<Record<string, unknown>>;
  const ports = (spec['ports'] ?? []) as readonly { name?: string; port: number }[];
  return {
    type: spec['type'],
    loadBalancerIP: spec['loadBalancerIP'],
    loadBalancerSourceRanges: spec['loadBalancerSourceRanges'],
    externalTrafficPolicy: spec['externalTrafficPolicy'],
    ports: ports.map(({ name = '', port }) => ({ name, port })),
  };
};

const READERS: Readonly<Record<string, Reader>> = {
  Deployment: readDeployment,
  ConfigMap: readConfigMap,
  HorizontalPodAutoscaler: readAutoscaler,
  Service: readService,
};

/** Parts of an installation that are its own in every revision. */
const OWN = [/\.values\.global\.(hub|tag)$/, /\.values\.revision$/, /\.env\.(REVISION|INJECTION_WEBHOOK_CONFIG_NAME)$/];
/** What the API server fills in. */
const DEFAULTED = new Set(['type: ClusterIP', 'externalTrafficPolicy: Cluster']);

/**
 * What can be set about a control plane and its gateways, flat: by kind, name without the revision, and path.
 * @param objects of istio-system, or of a rendered manifest
 * @param suffix what the names of that revision's own objects end with
 */
export function settingsOf(objects: readonly KubeObject[], suffix: string): Map<string, string> {
  const flat = new Map<string, string>();
  for (const object of objects) {
    const read = READERS[object.kind ?? ''];
    if (read === undefined) continue;
    const name = withoutSuffix(object.metadata.name, suffix);
    for (const [path, value] of flatten(read(object), `${object.kind ?? ''} ${name}`)) {
      const last = path.split('.').at(-1) ?? path;
      if (OWN.some((pattern) => pattern.test(path)) || DEFAULTED.has(`${last}: ${value}`)) continue;
      flat.set(path, value.replaceAll(`istiod${suffix}.`, 'istiod.'));
    }
  }
  return flat;
}

function withoutSuffix(name: string, suffix: string): string {
  return suffix !== '' && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}
