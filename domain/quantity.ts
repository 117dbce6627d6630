/** Factors of the suffixes that Kubernetes writes after a number. */
const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const QUANTITY = /^([+-]?\d*\.?\d+)(?:[eE]([+-]?\d+)|([numkMGTPE]i?)?)$/;

/** What a quantity of Kubernetes amounts to: `500m` is 0.5, `2Gi` is 2,147,483,648; null for text that is none. */
export function parseQuantity(text: string | number): number | null {
  const [, number, exponent, suffix = ''] = QUANTITY.exec(String(text)) ?? [];
  const factor = FACTORS[suffix];
  if (number === undefined || factor === undefined) return null;
  return Number(number) * (exponent === undefined ? factor : 10 ** Number(exponent));
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

/** The same, NaN for what is none. */
export function quantity(text: string | number): number {
  return parseQuantity(text) ?? Number.NaN;
}
