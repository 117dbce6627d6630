import type { Progress } from './download.js';

/** How far a download is, for people: `12.3 of 45.6 MB (27 %)`. */
export function describeProgress({ received, total }: Progress): string {
  if (total === null || total === 0) return `${megabytes(received)} MB`;
  return `${megabytes(received)} of ${megabytes(total)} MB (${Math.floor((100 * received) / total)} %)`;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
