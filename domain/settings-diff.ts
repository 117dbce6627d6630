import { parseQuantity } from './pod-requests.js';

/** A tree of settings as a flat table: path to value. Empty branches count as not set. */
export type FlatSettings = ReadonlyMap<string, string>;

/** A setting that the old installation has and the new one would not. */
export interface LostSetting {
  readonly path: string;
  readonly old: string;
  /** Null where the new one has no such setting. */
  readonly new: string | null;
}

/**
 * Flattens a tree, with paths as `--set` takes them. Lists of named things are told apart by their names, other lists
 * by position; null and empty branches are left out, because istioctl writes them or leaves them out as it likes.
 */
export function flatten(tree: unknown, path = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of entriesOf(tree, path)) {
    if (isBranch(value)) for (const entry of flatten(value, key)) flat.set(...entry);
    else if (value !== null && value !== undefined && value !== '') flat.set(key, textOf(value));
  }
  return flat;
}

function entriesOf(tree: unknown, path: string): [string, unknown][] {
  if (Array.isArray(tree)) {
    return tree.map((item: unknown, index): [string, unknown] => [`${path}[${nameOf(item) ?? index}]`, item]);
  }
  return Object.entries(tree as Record<string, unknown>).map(([key, value]) => [
    // A dot inside a key must not look like a step of the path.
    `${path === '' ? '' : `${path}.`}${key.replaceAll('.', '\\.')}`,
    value,
  ]);
}

function nameOf(item: unknown): string | null {
  const name = isBranch(item) ? (item as { name?: unknown }).name : undefined;
  return typeof name === 'string' ? name : null;
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * What the new installation would lose: where it differs from the old one although nobody chose that for it.
 * @param old settings of the installation in the cluster
 * @param given settings of the new one, with the caller's options
 * @param plain settings of the new one without them: where `given` differs from it, somebody chose
 * @param defaults settings that the old release has of its own accord: they change with the version, and nobody chose them
 */
export function lostSettings(
  old: FlatSettings,
  given: FlatSettings,
  plain: FlatSettings,
  defaults: FlatSettings = new Map(),
): LostSetting[] {
  return [...old].flatMap(([path, value]): LostSetting[] => {
    const now = given.get(path);
    const chosen = now !== plain.get(path);
    const kept = chosen || isSame(value, now) || isSame(value, defaults.get(path));
    return kept ? [] : [{ path, old: value, new: now ?? null }];
  });
}

/** `2048Mi` is `2Gi`: the API server writes quantities in its own way. */
function isSame(a: string, b: string | undefined): boolean {
  if (a === b) return true;
  if (b === undefined) return false;
  const amount = parseQuantity(a);
  return amount !== null && amount === parseQuantity(b);
}

/** What sounds like a secret is named, but not shown. */
const SECRET = /password|passphrase$|secret$|token$|apikey|privatekey|credential/i;

/** The differences as lines of a diff: `-` is lost, `+` is what the new one has instead. */
export function diffText(lost: readonly LostSetting[], atMost = 60): string {
  const lines = lost.slice(0, atMost).flatMap(({ path, old, new: now }) => {
    const hide = (value: string) => (SECRET.test(path) ? '(redacted)' : value);
    return [`- ${path}: ${hide(old)}`, ...(now === null ? [] : [`+ ${path}: ${hide(now)}`])];
  });
  return [...lines, ...(lost.length > atMost ? [`... and ${lost.length - atMost} more`] : [])].join('\n');
}

/** Lays one tree over another, as istioctl lays overlays over a profile: lists of named things are merged by name. */
export function overlay(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (Array.isArray(base) && Array.isArray(over)) return overlayList(base, over);
  if (!isPlain(base) || !isPlain(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = overlay(base[key], value);
  return merged;
}

function overlayList(base: readonly unknown[], over: readonly unknown[]): unknown[] {
  if (![...base, ...over].every((item) => nameOf(item) !== null)) return [...over];
  const names = new Set([...base, ...over].map(nameOf));
  const named = (list: readonly unknown[], name: string | null) => list.find((item) => nameOf(item) === name);
  return [...names].map((name) => {
    const [under, above] = [named(base, name), named(over, name)];
    return under === undefined ? above : overlay(under, above);
  });
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return isBranch(value) && !Array.isArray(value);
}

/**
 * Lays a `--set` option over a tree: `components.ingressGateways[0].enabled=false`, or with the name in brackets.
 * Values stay text.
 */
export function withSet(base: unknown, option: string): unknown {
  const split = option.indexOf('=');
  const steps = option.slice(0, split).split(/(?<!\\)\.|(?=\[)/);
  return assign(base, steps, option.slice(split + 1));
}

function assign(base: unknown, [step, ...rest]: readonly string[], value: string): unknown {
  if (step === undefined) return value;
  if (step.startsWith('[')) return assignItem(Array.isArray(base) ? base : [], step.slice(1, -1), rest, value);
  const key = step.replaceAll('\\.', '.');
  const branch = isPlain(base) ? base : {};
  return { ...branch, [key]: assign(branch[key], rest, value) };
}

function assignItem(list: readonly unknown[], which: string, rest: readonly string[], value: string): unknown[] {
  const name = which.replace(/^name:/, '');
  const named = list.findIndex((item) => nameOf(item) === name);
  const byPosition = /^\d+$/.test(name) ? Number(name) : list.length;
  const position = named === -1 ? byPosition : named;
  const copy = [...list];
  copy[position] = assign(list[position] ?? { name }, rest, value);
  return copy;
}
