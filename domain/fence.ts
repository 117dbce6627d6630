import { ISTIO_NAMESPACE } from './names.js';

/** Name of the Lease that says which run may change the mesh (ADR 0008). */
export const FENCE_LEASE = 'meshlift';

/** The explicit takeover: what a person types when the holder is gone for good. */
export const TAKEOVER_COMMAND = `kubectl delete lease ${FENCE_LEASE} -n ${ISTIO_NAMESPACE}`;
