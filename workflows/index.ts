/** Every workflow of Meshlift, by the name that Temporal knows it by. */
export { inspect } from './inspect.js';
export { plan } from './plan.js';
export { upgrade } from './upgrade.js';
