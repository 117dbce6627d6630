import type { AdminClient } from '../cluster/admin-client.js';

/** Generations of istiod that take different flags and read different files. */
export type Generation = '1.5' | '1.6' | 'current';

/** A real istiod, as it is started. */
export interface IstiodProgram {
  readonly file: string;
  readonly generation: Generation;
}

/** Where istiods are started, and from what. */
export interface IstiodHost {
  readonly dir: string;
  readonly admin: AdminClient;
  readonly adminKubeconfig: string;
  /** The program for the version in a pod's image tag. */
  readonly program: (version: string) => IstiodProgram;
}
