type Labels = Readonly<Record<string, string>>;

const ABSENCE = /^!([A-Za-z0-9][A-Za-z0-9._/-]{0,300})$/;
const TERM = /^([A-Za-z0-9][A-Za-z0-9._/-]{0,300})(?:(!?==?)([A-Za-z0-9._-]{0,63}))?$/;

/**
 * Reads a label selector in the form of kubectl, equality and existence only: `team=shop,tier!=edge,canary,!legacy`.
 * @throws RangeError for anything else: such a selector must not be taken for one that selects everything
 */
export function parseSelector(text: string): (labels: Labels) => boolean {
  const terms = text.split(',').map((part) => parseTerm(part.trim()));
  return (labels) => terms.every((fits) => fits(labels));
}

function parseTerm(term: string): (labels: Labels) => boolean {
  const [absent] = ABSENCE.exec(term)?.slice(1) ?? [];
  if (absent !== undefined) return (labels) => !(absent in labels);
  const match = TERM.exec(term);
  if (match === null)
    throw new RangeError(`"${term}" is no term of a label selector such as team=shop, tier!=edge, canary or !legacy`);
  const [, key = '', operator, value = ''] = match;
  if (operator === undefined) return (labels) => key in labels;
  return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
}
