import { Argument, InvalidArgumentError } from 'commander';
import { secondsOf } from '../../domain/duration.js';
import type { SoakChange } from '../../domain/run.js';
import { clusterIdSchema, namespaceNameSchema } from '../../domain/names.js';

/**
 * Reads a duration as people write it: `90s`, `10m`, `7d`, `1h30m`; `0` needs no unit.
 * @returns seconds
 */
export function parseDuration(text: string): number {
  const seconds = secondsOf(text);
  if (seconds === null)
    throw new InvalidArgumentError('A duration has the form 90s, 10m, 2h or 7d; units may be joined, as in 1h30m.');
  return seconds;
}

/** Reads how a soak is to change: `skip`, `+10m`, `-5m`. */
export function parseSoakChange(text: string): SoakChange {
  if (text === 'skip') return 'skip';
  const seconds = /^[+-]/.test(text) ? secondsOf(text.slice(1)) : null;
  if (seconds === null || seconds === 0)
    throw new InvalidArgumentError('It is skip, or a duration with its sign: +10m makes a soak longer, -5m shorter.');
  return { extendSeconds: text.startsWith('-') ? -seconds : seconds };
}

/** Reads a whole number of 1 or more. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It is a whole number of 1 or more.');
  return Number(text);
}

/** Reads why somebody does something: one line of 1 to 500 characters. */
export function parseReason(text: string): string {
  const reason = text.trim();
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (reason === '' || reason.length > 500 || /[\u0000-\u001f\u007f]/.test(reason))
    throw new InvalidArgumentError('A reason is one line of 1 to 500 characters.');
  return reason;
}

/** Reads the name of a namespace. */
export function parseNamespace(text: string): string {
  if (!namespaceNameSchema.safeParse(text).success)
    throw new InvalidArgumentError('It is not the name of a namespace.');
  return text;
}

/** The argument `CLUSTER`. */
export function clusterArgument(): Argument {
  return new Argument('<cluster>', 'id of a registered cluster').argParser(parseCluster);
}

/** The argument `[RUN]`: the newest run unless one is named. */
export function runArgument(): Argument {
  return new Argument('[run]', 'id of a run').argParser(parseRun).default('latest');
}

/** Reads the id of a cluster. */
export function parseCluster(text: string): string {
  const parsed = clusterIdSchema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(`${parsed.error.issues[0]?.message ?? 'It is no cluster id'}.`);
  return text;
}

function parseRun(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/.test(text)) throw new InvalidArgumentError('It is not the id of a run.');
  return text;
}
