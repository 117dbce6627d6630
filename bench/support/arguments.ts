import { parseArgs } from 'node:util';

/** Words of a command line of the form `--name value`; `--flag` without a value is `yes`. */
export type Words = Readonly<Record<string, string>>;

/**
 * Reads a command line. @param known what may be said, with its default
 * @throws Error that lists what may be said
 */
export function readWords<Known extends Words>(argv: readonly string[], known: Known, flags: readonly string[] = []) {
  const options = Object.fromEntries([
    ...Object.entries(known).map(([name, fallback]) => [name, { type: 'string' as const, default: fallback }]),
    ...flags.map((name) => [name, { type: 'boolean' as const, default: false }]),
  ]) as Record<string, { type: 'string' | 'boolean'; default: string | boolean }>;
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true });
    const told = Object.entries(values).map(([name, value]) => [name, value === true ? 'yes' : String(value)]);
    return Object.fromEntries(told) as Record<keyof Known | string, string>;
  } catch (error) {
    const lines = [
      ...Object.entries(known).map(([name, fallback]) => `  --${name} ${fallback}`),
      ...flags.map((flag) => `  --${flag}`),
    ];
    throw new Error(`${(error as Error).message}\nWhat may be said, with its default:\n${lines.join('\n')}`, {
      cause: error,
    });
  }
}

/** The parts of a list: `a,b,c`. */
export function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
