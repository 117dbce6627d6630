/**
 * Takes out what could move the cursor, colour the screen or turn the direction of writing: names and messages come
 * from clusters, and a terminal obeys whoever writes to it.
 */
export function clean(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ');
}

/** Cuts a text to `room` characters; `more` stands where something is missing. */
export function cut(text: string, room: number, more: string): string {
  const letters = Array.from(text);
  if (letters.length <= room) return text;
  return room <= more.length
    ? letters.slice(0, Math.max(0, room)).join('')
    : letters.slice(0, room - more.length).join('') + more;
}

/** Breaks a text into lines of at most `room` characters, between words where it can. */
export function wrap(text: string, room: number): string[] {
  const width = Math.max(20, room);
  const lines: string[] = [];
  let line = '';
  for (const word of clean(text).split(/\s+/).filter(Boolean)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > width && line !== '') {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** Lays rows out in columns, two spaces apart; the last column is as wide as it likes. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const tidy = rows.map((row) => row.map(clean));
  const count = Math.max(0, ...tidy.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    tidy.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
  );
  return tidy.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** `1 pod`, `2 pods`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Lines as a text that ends with a line feed; no lines, no text. */
export function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
