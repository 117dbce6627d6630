/** The generations of Istio that Meshlift can upgrade, each with a driver of its own. */
export const DRIVERS = ['asm-1.6', 'istio-revisioned'] as const;

/** `asm-1.6`: the guide's path, 1.5 and 1.6 to 1.6.14. `istio-revisioned`: current Istio, with revisions and tags. */
export type DriverName = (typeof DRIVERS)[number];
