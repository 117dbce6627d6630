import type { ClusterObject } from '../cluster/admin-client.js';

interface EnvironmentEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    readonly env?: readonly EnvironmentEntry[];
  }[];
  readonly volumes?: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}

/** What the process that stands for a pod of istiod must know about it. */
export interface IstiodPod {
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  readonly serviceAccount: string;
  /** Tag of istiod's image. */
  readonly version: string;
  readonly env: Readonly<Record<string, string>>;
  /** Name of the ConfigMap behind each volume. */
  readonly configMaps: Readonly<Record<string, string>>;
}

/** Reads a live pod of istiod that has its address; null for a pod that is not there yet, or is going. */
export function readIstiodPod(object: ClusterObject): IstiodPod | null {
  const spec = object['spec'] as PodSpec;
  const status = object['status'] as { podIP?: string } | undefined;
  const [container] = spec.containers;
  const { name, uid, deletionTimestamp } = object.metadata;
  if (status?.podIP === undefined || uid === undefined || container === undefined) return null;
  if (deletionTimestamp !== undefined) return null;
  return {
    name,
    uid,
    ip: status.podIP,
    serviceAccount: spec.serviceAccountName,
    version: container.image.split(':').at(-1) ?? '',
    env: environmentOf(container.env ?? [], { name, ip: status.podIP, serviceAccount: spec.serviceAccountName }),
    configMaps: Object.fromEntries(
      (spec.volumes ?? []).flatMap((volume) => (volume.configMap ? [[volume.name, volume.configMap.name]] : [])),
    ),
  };
}

function environmentOf(
  entries: readonly EnvironmentEntry[],
  pod: { name: string; ip: string; serviceAccount: string },
): Record<string, string> {
  const fields: Record<string, string> = {
    'metadata.name': pod.name,
    'metadata.namespace': 'istio-system',
    'spec.serviceAccountName': pod.serviceAccount,
    'status.podIP': pod.ip,
  };
  const env: Record<string, string> = {};
  for (const entry of entries) {
    const value = entry.value ?? fields[entry.valueFrom?.fieldRef?.fieldPath ?? ''];
    // The process has a kubeconfig of its own, with the rights of the same service account.
    if (value !== undefined && entry.name !== 'KUBECONFIG') env[entry.name] = value;
  }
  return env;
}
