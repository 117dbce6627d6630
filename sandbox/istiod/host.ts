import type { AdminClient } from '../cluster/admin-client.js';

/** Where istiods are started, and from what. */
export interface IstiodHost {
  readonly dir: string;
  readonly admin: AdminClient;
  readonly adminKubeconfig: string;
  /** Path of the binary for the version in a pod's image tag. */
  readonly binary: (version: string) => string;
}
