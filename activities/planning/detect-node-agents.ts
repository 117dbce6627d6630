import type { NodeAgent, NodeAgentKind } from '../../domain/plan.js';
import type { KubeObject } from '../kube/types.js';
import { asWorkload, versionOf } from '../workloads/owned-pods.js';

/** How the charts label the pods of each. */
const LABELS: Readonly<Record<NodeAgentKind, readonly [label: string, value: string]>> = {
  cni: ['k8s-app', 'istio-cni-node'],
  ztunnel: ['app', 'ztunnel'],
};
/** In this order they are upgraded: a pod must not get a network that its ztunnel does not know yet. */
const KINDS: readonly NodeAgentKind[] = ['cni', 'ztunnel'];

/** The parts of a mesh that run on every node, among some DaemonSets. */
export function nodeAgentsAmong(daemonSets: readonly KubeObject[]): NodeAgent[] {
  return KINDS.flatMap((kind) => {
    const [label, value] = LABELS[kind];
    return daemonSets
      .filter((object) => asWorkload(object).spec.template.metadata?.labels?.[label] === value)
      .map((object) => agentOf(object, kind));
  });
}

function agentOf(object: KubeObject, kind: NodeAgentKind): NodeAgent {
  const { name, namespace = '' } = object.metadata;
  return { daemonSet: `${namespace}/${name}`, kind, version: versionOf(object) };
}
