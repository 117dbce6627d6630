import { quantity } from './quantity.js';

/** What a quantity of Kubernetes amounts to; null for text that is none. */
export function parseQuantity(text: string | number): number | null {
  const amount = quantity(text);
  return Number.isNaN(amount) ? null : amount;
}

/** CPU and memory that something asks for, in cores and bytes. */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
}

interface Requesting {
  readonly resources?: { readonly requests?: Readonly<Record<string, string | number>> };
}

/** A pod, as far as the scheduler adds it up. */
export interface RequestingPod {
  readonly containers: readonly Requesting[];
  readonly initContainers?: readonly Requesting[];
}

export const NOTHING: Resources = { cpu: 0, memory: 0 };

export function add(a: Resources, b: Resources): Resources {
  return { cpu: a.cpu + b.cpu, memory: a.memory + b.memory };
}

/** What the scheduler reserves for a pod: all containers together, or the largest init container where that is more. */
export function requestsOf({ containers, initContainers = [] }: RequestingPod): Resources {
  const together = containers.map(requestOf).reduce(add, NOTHING);
  const before = initContainers.map(requestOf);
  return {
    cpu: Math.max(together.cpu, ...before.map(({ cpu }) => cpu)),
    memory: Math.max(together.memory, ...before.map(({ memory }) => memory)),
  };
}

function requestOf({ resources }: Requesting): Resources {
  const read = (name: string) => parseQuantity(resources?.requests?.[name] ?? 0) ?? 0;
  return { cpu: read('cpu'), memory: read('memory') };
}

/** `1.5 cores and 2.0 GiB`. */
export function resourcesText({ cpu, memory }: Resources): string {
  return `${Number(cpu.toFixed(2))} cores and ${(memory / 2 ** 30).toFixed(1)} GiB`;
}
