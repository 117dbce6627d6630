import { DEFAULT_REVISION, INJECTION_LABEL, REVISION_LABEL } from '../../domain/names.js';
import { driverOf, type Route } from '../../domain/plan.js';
import { revisionServing, tagsOf } from '../../domain/tags.js';
import type { KubeClient } from '../kube/types.js';
import { readTags } from '../mesh/tags.js';
import { injectionLabelsOf } from './injection-labels.js';

type Labels = Readonly<Record<string, string>>;

/** Whether the labels of a namespace ask for the old control plane, as its webhooks and tags are now. */
export async function askingForOld(kube: KubeClient, route: Route): Promise<(labels: Labels) => boolean> {
  const { revision } = route.from;
  const tags =
    driverOf(route) === 'istio-revisioned' ? tagsOf({ tags: await readTags(kube), controlPlanes: [route.from] }) : null;
  return (labels) => {
    const { [INJECTION_LABEL]: injection, [REVISION_LABEL]: asked } = injectionLabelsOf(labels);
    if (tags === null) return asked === revision || (revision === DEFAULT_REVISION && injection === 'enabled');
    // Pods that ask one by one are found as pods and as templates.
    return revisionServing({ injection, revision: asked }, tags) === revision;
  };
}
