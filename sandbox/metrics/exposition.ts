/** Labels of one series. */
type Labels = Readonly<Record<string, string | number>>;

/** Counters and gauges in the text format of Prometheus. */
export interface Exposition {
  /** Adds to a counter, which begins at 0 when it is first named. */
  add(name: string, labels: Labels, amount: number): void;
  set(name: string, labels: Labels, value: number): void;
  /** Forgets the series that a rule names. */
  drop(isGone: (name: string, labels: Labels) => boolean): void;
  render(): string;
}

export function createExposition(): Exposition {
  const series = new Map<string, { readonly name: string; readonly labels: Labels; value: number }>();
  const find = (name: string, labels: Labels) => {
    const key = keyOf(name, labels);
    const found = series.get(key) ?? { name, labels, value: 0 };
    series.set(key, found);
    return found;
  };
  return {
    add: (name, labels, amount) => void (find(name, labels).value += amount),
    set: (name, labels, value) => void (find(name, labels).value = value),
    drop(isGone) {
      for (const [key, { name, labels }] of series) if (isGone(name, labels)) series.delete(key);
    },
    render: () => [...series].map(([key, { value }]) => `${key} ${value}\n`).join(''),
  };
}

/** A label without a value is no label. */
function keyOf(name: string, labels: Labels): string {
  const written = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `${label}=${JSON.stringify(String(value))}`);
  return `${name}{${written.join(',')}}`;
}
