import type { Check } from '../check.js';
import { CLUSTER_CHECKS } from './cluster.js';
import { WORKLOAD_CHECKS } from './workload.js';

/** Every check that the preflight runs; a test compares it with the catalogue of the domain. */
export const CHECKS_TO_RUN: readonly Check[] = [...CLUSTER_CHECKS, ...WORKLOAD_CHECKS];
