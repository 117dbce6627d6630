import type { DriverName } from '../../../domain/driver.js';
import { driverOf, type Route } from '../../../domain/plan.js';
import { asm16 } from './asm-1-6.js';
import type { MeshDriver } from './driver.js';
import { istioRevisioned } from './istio-revisioned.js';

const DRIVERS: Readonly<Record<DriverName, MeshDriver>> = {
  'asm-1.6': asm16,
  'istio-revisioned': istioRevisioned,
};

/** The driver of a generation. */
export function meshDriver(name: DriverName): MeshDriver {
  return DRIVERS[name];
}

/** The driver of the generation that a route leads through. */
export function driverFor(route: Pick<Route, 'driver'>): MeshDriver {
  return meshDriver(driverOf(route));
}
