/** How long something took, for people: `00:42`, `1:02:03`, `2d 01:02:03`. A clock that runs behind gives `00:00`. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3_600) % 24;
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (days > 0) return `${days}d ${two(hours)}:${rest}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** The time between two ISO 8601 times, as {@link elapsed} writes it. */
export function between(from: string, to: string | number): string {
  return elapsed((typeof to === 'number' ? to : Date.parse(to)) - Date.parse(from));
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
