import type { LabelSelector } from '../label-selector.js';

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

const KEY = String.raw`[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,315}[A-Za-z0-9])?`;
const VALUE = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?`;
const EQUAL = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const AMONG = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const THERE = new RegExp(`^(!?)\\s*(${KEY})$`);
const ONE_VALUE = new RegExp(`^${VALUE}$`);

/**
 * Reads a label selector in the form of kubectl: `team=shop,tier!=edge,zone in (a, b),!frozen`.
 * @returns null where it is none
 */
export function parseSelector(text: string): LabelSelector | null {
  // A comma within brackets divides values, not requirements.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  const requirements = parts.map(requirementOf);
  return requirements.includes(null) ? null : { matchExpressions: requirements.filter((entry) => entry !== null) };
}

function requirementOf(text: string): Requirement | null {
  const equal = EQUAL.exec(text);
  if (equal !== null) {
    const [, key = '', sign, value = ''] = equal;
    return { key, operator: sign === '!=' ? 'NotIn' : 'In', values: [value] };
  }
  const among = AMONG.exec(text);
  if (among !== null) return oneOf(among);
  const there = THERE.exec(text);
  if (there === null) return null;
  const [, not, key = ''] = there;
  return { key, operator: not === '!' ? 'DoesNotExist' : 'Exists' };
}

function oneOf([, key = '', word, list = '']: RegExpExecArray): Requirement | null {
  const values = list.split(',').map((value) => value.trim());
  if (!values.every((value) => ONE_VALUE.test(value))) return null;
  return { key, operator: word === 'in' ? 'In' : 'NotIn', values };
}
