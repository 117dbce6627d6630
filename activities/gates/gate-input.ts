import type { Activities } from '../contract.js';

/** What a gate is about. */
export type GateInput = Parameters<Activities['judgeGate']>[0];
/** The same without the step. */
export type GateSubject = Pick<GateInput, 'run' | 'route' | 'wave' | 'namespaces'>;
