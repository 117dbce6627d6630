const POWERS: Readonly<Record<string, number>> = {
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

/** The number that a quantity of Kubernetes means: `100m` is 0.1, `128Mi` is 134,217,728. NaN for what is none. */
export function quantity(text: string | number): number {
  const match = /^([+-]?\d*\.?\d+)(?:([eE][+-]?\d+)|([A-Za-z]*))$/.exec(String(text).trim());
  const power = POWERS[match?.[3] ?? ''];
  return match === null || power === undefined ? Number.NaN : Number(`${match[1] ?? ''}${match[2] ?? ''}`) * power;
}
