import type { RegisteredCluster } from '../../settings/settings.js';

/** How istioctl and kubectl are told which cluster is meant. */
export function accessArguments({ kubeconfig, context }: RegisteredCluster): string[] {
  return ['--kubeconfig', kubeconfig, ...(context ? ['--context', context] : [])];
}
