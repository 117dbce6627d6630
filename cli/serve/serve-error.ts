/** `serve` cannot start, or a part of it cannot; the message says why and what to do. */
export class ServeError extends Error {
  override readonly name = 'ServeError';
}
