import { ignoreRule, WRITTEN_LABELS, WRITTEN_MARKS, type WrittenFields } from '../../../domain/gitops.js';
import { named } from '../../../domain/named.js';
import { INJECTION_LABEL, ISTIO_NAMESPACE, REVISION_LABEL } from '../../../domain/names.js';
import type { KubeObject } from '../../kube/types.js';
import type { Check, CheckInput, Found } from '../check.js';
import { gitOpsOwner, type GitOpsOwner } from './gitops-owners.js';

/** What the run changes on one kind of objects, and where. */
interface Place {
  readonly objects: readonly KubeObject[];
  readonly fields: WrittenFields;
  /** The same fields as `managedFields` names them. */
  readonly managed: readonly (readonly string[])[];
  /** What comes of it when the tool puts the field back. */
  readonly harm: string;
}

/** A tool that puts labels, gateways or webhooks back in the middle of a run undoes it (pitfalls 4b). */
export const gitOps: Check = {
  id: 'MESH037',
  look: async (input) => (await placesOf(input)).flatMap(findIn),
};

async function placesOf({ reader, plan }: CheckInput): Promise<Place[]> {
  const moved = new Set(plan.waves.flatMap(({ namespaces }) => namespaces));
  const all = (api: string, plural: string) => reader.list(api, plural);
  const [namespaces, deployments, services, workloads, mutating, validating] = await Promise.all([
    all('v1', 'namespaces'),
    all('apps/v1', 'deployments'),
    all('v1', 'services'),
    reader.workloads(),
    all('admissionregistration.k8s.io/v1', 'mutatingwebhookconfigurations'),
    all('admissionregistration.k8s.io/v1', 'validatingwebhookconfigurations'),
  ]);
  const inMesh = (objects: readonly KubeObject[]) =>
    objects.filter(({ metadata }) => metadata.namespace === ISTIO_NAMESPACE);
  const istio = (objects: readonly KubeObject[]) => objects.filter(({ metadata }) => metadata.name.includes('istio'));
  const ofKind = (fields: WrittenFields): Place => ({
    objects: workloads.filter(({ ref }) => ref.kind === fields.kind).map(({ object }) => object),
    fields,
    managed: [['f:spec', 'f:template', 'f:metadata', 'f:annotations']],
    harm: 'the restart would be undone by a second one',
  });
  return [
    {
      objects: namespaces.filter(({ metadata }) => moved.has(metadata.name)),
      fields: WRITTEN_LABELS,
      managed: [INJECTION_LABEL, REVISION_LABEL].map((label) => ['f:metadata', 'f:labels', `f:${label}`]),
      harm: 'the namespace would go back to the old control plane',
    },
    ...WRITTEN_MARKS.map(ofKind),
    {
      objects: inMesh(deployments),
      fields: { group: 'apps', kind: 'Deployment', jsonPointers: ['/metadata/labels', '/spec'] },
      managed: [['f:spec']],
      harm: 'gateways and control planes would be put back or deleted',
    },
    {
      objects: inMesh(services),
      fields: { group: '', kind: 'Service', jsonPointers: ['/spec/selector'] },
      managed: [['f:spec', 'f:selector']],
      harm: 'the Service that validates configuration would point nowhere',
    },
    {
      objects: [...istio(mutating), ...istio(validating)],
      fields: {
        group: 'admissionregistration.k8s.io',
        kind: 'MutatingWebhookConfiguration',
        jsonPointers: ['/webhooks'],
      },
      managed: [['f:webhooks']],
      harm: 'the webhook of the old control plane would come back',
    },
  ];
}

/** One finding for each tool and each thing that it keeps: rules are written per Application. */
function findIn({ objects, fields, managed, harm }: Place): Found[] {
  const kept = new Map<string, { owner: GitOpsOwner; names: string[] }>();
  for (const object of objects) {
    const owner = gitOpsOwner(object, managed);
    if (owner === null) continue;
    const key = JSON.stringify(owner);
    const { namespace, name } = object.metadata;
    const names = [...(kept.get(key)?.names ?? []), namespace === undefined ? name : `${namespace}/${name}`];
    kept.set(key, { owner, names });
  }
  return [...kept.values()].map(({ owner, names }): Found => {
    const { tool, by, writesField } = owner;
    const keeper = by === null ? tool : `${tool} (${by})`;
    const words = writesField
      ? `and the fields that the run changes: ${harm}`
      : 'but not the fields that the run changes';
    return {
      // What it does not write it does not put back, as long as nobody prunes.
      severity: writesField ? 'blocker' : 'info',
      reason: 'WouldBeReverted',
      message: `${keeper} keeps ${fields.kind} ${named(names)}, ${words}.`,
      remedy: 'Let it ignore those fields, or pause it for the time of the upgrade; change the repository afterwards.',
      command: ignoreRule(tool, [fields], by).join('\n'),
    };
  });
}
