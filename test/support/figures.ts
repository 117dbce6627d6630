import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One figure that counts (design, section 8). */
export interface Figure {
  readonly key: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: readonly ['<=' | '>=' | '==', number];
}

/** Prints each figure on a line of its own, and keeps them, with the details behind them, under `bench/results/`. */
export async function reportFigures(name: string, figures: readonly Figure[], details: object): Promise<void> {
  const file = fileURLToPath(new URL(`../../bench/results/${name}.json`, import.meta.url));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify({ at: new Date().toISOString(), figures, ...details }, null, 2)}\n`);
  for (const { key, value, unit, goal } of figures)
    console.log(`FIGURE ${key} ${value} ${unit} goal ${goal.join(' ')}`);
}

/** Whether a figure meets its goal. */
export function meets({ value, goal: [op, bound] }: Figure): boolean {
  if (op === '==') return value === bound;
  return op === '<=' ? value <= bound : value >= bound;
}
