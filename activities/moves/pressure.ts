import type { ClusterAccess } from '../context.js';
import type { Availability } from './availability.js';
import type { MeshView } from './mesh-view.js';

/** An API server that has said so is left alone for this long. */
const CALM_MS = 1_000;

interface Gauged {
  readonly access: Pick<ClusterAccess, 'throttled'>;
  readonly view: MeshView;
  readonly available: Availability;
  /** Whose istiod injects the new pods. */
  readonly revision: string;
}

/** Tells why the cluster cannot bear more restarts at the moment, as a sentence; null when it can. */
export function createPressureGauge({ access, view, available, revision }: Gauged): () => string | null {
  let throttled = access.throttled();
  let until = 0;
  return () => {
    const now = performance.now();
    if (access.throttled() > throttled) until = now + CALM_MS;
    throttled = access.throttled();
    if (now < until) return 'the API server asks for fewer requests (429)';
    const homeless = available.homeless();
    if (homeless !== null) return `${homeless.pods} pods Pending, ${homeless.why}`;
    return view.ailingIstiod(revision) ?? view.problem();
  };
}
