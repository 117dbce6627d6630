/** The generations of Istio that Meshlift upgrades, each in its own way. A release names its driver. */
export const DRIVERS = ['asm-1.6', 'istio-revisioned'] as const;
export type DriverName = (typeof DRIVERS)[number];
