/** The first names of a list, and how many more there are: `a, b, c and 4 more`. */
export function named(names: readonly string[], atMost = 5): string {
  const more = names.length > atMost ? ` and ${names.length - atMost} more` : '';
  return `${names.slice(0, atMost).join(', ')}${more}`;
}
