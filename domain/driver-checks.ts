import type { CheckId } from './checks/catalogue.js';
import type { DriverName } from './driver.js';

/** Checks that one generation of Istio has no use for, and why. */
const NOT_ASKED: Readonly<Record<DriverName, readonly CheckId[]>> = {
  'asm-1.6': ['MESH052', 'MESH053', 'MESH054', 'MESH055', 'MESH056', 'MESH057', 'MESH058', 'MESH059'],
  'istio-revisioned': [
    // Going back never installs the old release again, and no installer calls kubectl.
    'MESH003',
    'MESH032',
    // Gateways come last, in a wave of their own; their ports are what they were.
    'MESH016',
    'MESH042',
    'MESH017',
    // Its injector hears the pod's label as well as the annotation.
    'MESH072',
  ],
};

/** Whether a check is asked where a mesh is upgraded by that driver. */
export function isAsked(check: CheckId, driver: DriverName): boolean {
  return !NOT_ASKED[driver].includes(check);
}
