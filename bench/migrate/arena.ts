import type { Sandbox } from '../../sandbox/sandbox.js';
import type { Observer } from '../support/observer.js';
import type { BenchWorkload, Size } from '../support/size.js';
import type { MeshliftFigures } from './result.js';

/** Where a method does its work: a mesh in its first state, and somebody who looks. */
export interface Arena {
  readonly sandbox: Sandbox;
  readonly size: Size;
  readonly workloads: readonly BenchWorkload[];
  readonly observer: Observer;
  readonly say: (line: string) => void;
}

/** What a method leaves behind beside the moved mesh. */
export interface Performance {
  readonly meshlift?: MeshliftFigures;
  readonly faults?: readonly string[];
}

/** Moves the mesh of an arena. Resolves when the method itself believes that it is done. */
export type MoveMesh = (arena: Arena) => Promise<Performance>;
