import { groupBy } from '../../../domain/group-by.js';
import { named } from '../../../domain/named.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check, Found } from '../check.js';
import type { ClusterReader } from '../cluster-reader.js';
import { controllerOf, meshedPods, ownerName, placeOf, type Owner } from '../meshed-pods.js';

/** Owners whose way of restarting is known without their help; the core group has no name. */
const KNOWN = [
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'apps/ReplicaSet',
  'batch/Job',
  '/ReplicationController',
];

/** A kind of somebody else's: only Argo's Rollout has a field for a restart that Meshlift knows. */
export const unknownOwners: Check = {
  id: 'MESH080',
  look: async ({ reader }) => {
    const top = await topOwners(reader);
    const pods = (await meshedPods(reader)).flatMap(({ object }) => {
      const owner = top(object);
      return owner === null || KNOWN.includes(kindOf(owner)) ? [] : [{ object, owner }];
    });
    const groups = groupBy(pods, ({ object, owner }) => `${ownerName(owner, object)} (${owner.apiVersion})`);
    return [...groups].map(([name, members]): Found => {
      const argo = members.every(({ owner }) => kindOf(owner) === 'argoproj.io/Rollout');
      return argo ? restartable(name) : unknown(name, named(members.map(({ object }) => placeOf(object))));
    });
  },
};

function restartable(name: string): Found {
  return {
    severity: 'info',
    reason: 'RestartedByItsOwner',
    message: `${name} is restarted by its own controller: Meshlift sets spec.restartAt.`,
    remedy: 'See that its controller runs.',
  };
}

function unknown(name: string, pods: string): Found {
  return {
    reason: 'OldRevisionInUse',
    message: `${name} is of a kind that Meshlift cannot restart. Pods of it keep their old sidecar until its own tools replace them: ${pods}.`,
    remedy: 'Restart it with its own tools once its namespace has moved: until then the old control plane stays.',
  };
}

/** The owner of a pod, or the owner of the ReplicaSet or ReplicationController that is its owner. */
async function topOwners(reader: ClusterReader): Promise<(pod: KubeObject) => Owner | null> {
  const between = [
    ...(await reader.planned('apps/v1', 'replicasets')),
    ...(await reader.planned('v1', 'replicationcontrollers')),
  ];
  const byUid = new Map(between.map((object) => [object.metadata.uid, object]));
  return (pod) => {
    const owner = controllerOf(pod);
    const middle = byUid.get(owner?.uid);
    return (middle === undefined ? null : controllerOf(middle)) ?? owner;
  };
}

function kindOf({ apiVersion, kind }: Owner): string {
  return `${apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''}/${kind}`;
}
