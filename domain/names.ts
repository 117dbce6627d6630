import { z } from 'zod';

/** RFC 1123 label: what Kubernetes allows as the name of a namespace, and what Meshlift allows as a cluster id. */
const RFC1123_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Id of a registered cluster. It becomes part of the workflow id `upgrade/{cluster}`. */
export const clusterIdSchema = z
  .string()
  .regex(RFC1123_LABEL, 'a cluster id is a DNS label: lower-case letters, digits and dashes, 63 characters at most');

/** Name of a Kubernetes namespace. Validated before it reaches any argument list. */
export const namespaceNameSchema = z
  .string()
  .regex(
    RFC1123_LABEL,
    'a namespace name is a DNS label: lower-case letters, digits and dashes, 63 characters at most',
  );

/** Name of a control plane revision, as in the label `istio.io/rev`. No dots: it becomes part of object names. */
export const revisionNameSchema = z
  .string()
  .max(40)
  .regex(RFC1123_LABEL, 'a revision name is a DNS label without dots, 40 characters at most');

/** The namespace of the control planes. Istio and ASM both fix it. */
export const ISTIO_NAMESPACE = 'istio-system';

/** The revision name that Istio gives to a control plane installed without one. */
export const DEFAULT_REVISION = 'default';

/** What the charts of Istio call an object of one revision: the one without a revision has the plain name. */
export function inRevision(name: string, revision: string): string {
  return `${name}${revisionSuffix(revision)}`;
}

/** What names of objects of one revision end in: nothing for the one without a revision. */
export function revisionSuffix(revision: string): string {
  return revision === DEFAULT_REVISION ? '' : `-${revision}`;
}

/** Labels of the field. `istio-injection` wins over `istio.io/rev` (guide, step 5.1). */
export const INJECTION_LABEL = 'istio-injection';
/** The label that ties a namespace, a pod or a control plane object to a revision. */
export const REVISION_LABEL = 'istio.io/rev';

/** Label of the objects that a revision tag is made of; its value is the tag. */
export const TAG_LABEL = 'istio.io/tag';
/** The tag that serves `istio-injection=enabled`, where current Istio has one. */
export const DEFAULT_TAG = 'default';

/** Annotation on a pod template: its value is `{runId}.{direction}`, so that writing it twice restarts once (I3). */
export const RESTART_ANNOTATION = 'meshlift.dev/restarted-by';

/**
 * Label on a workload whose pods are evicted: `{runId}.{direction}.{creation time of its newest pod before that, in seconds}`.
 * Who is killed half-way finds out by it which pods came back. A label, because a new annotation raises the generation of a
 * Deployment as a restart does.
 */
export const REPLACEMENT_LABEL = 'meshlift.dev/replacing-pods';

/** Label on a workload by which its owner says how its pods are replaced: `evict` or `restart`. */
export const REPLACE_LABEL = 'meshlift.dev/replace';

/** Annotation on an object whose controller has backed off: any change of the object makes it try again at once. */
export const NUDGE_ANNOTATION = 'meshlift.dev/nudged-at';

/** Labels by which Istio's installer marks what it installs: the installation (from 1.6 on), and the component. */
export const OWNER_LABEL = 'install.operator.istio.io/owning-resource';
export const COMPONENT_LABEL = 'operator.istio.io/component';

/** Label by which the charts of current Istio say what their objects are a part of. */
export const PART_OF_LABEL = 'app.kubernetes.io/part-of';

/** Name of the webhook that checks configuration without a revision's label; it leads to the default revision. */
export const DEFAULT_VALIDATOR = 'istiod-default-validator';
