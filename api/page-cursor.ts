import { createHash } from 'node:crypto';
import { ApiProblem } from './api-problem.js';

const CHECK_LENGTH = 12;

/** A cursor for the next page of a query; null when Temporal says that there is none. */
export function toCursor(token: Uint8Array, query: string): string | null {
  return token.length === 0 ? null : checkOf(token, query) + Buffer.from(token).toString('base64url');
}

/**
 * The token in a cursor. Checked here, because Temporal answers a token that it cannot read like a fault of its own.
 * @throws ApiProblem InvalidRequest when the cursor is none, or is of another query
 */
export function fromCursor(cursor: string | undefined, query: string): Uint8Array {
  if (cursor === undefined) return new Uint8Array();
  const token = Buffer.from(cursor.slice(CHECK_LENGTH), 'base64url');
  if (cursor.startsWith(checkOf(token, query))) return token;
  throw new ApiProblem(
    'InvalidRequest',
    'The query field cursor is not the cursor of a page before, with this filter.',
  );
}

function checkOf(token: Uint8Array, query: string): string {
  return createHash('sha256').update(query).update(token).digest('base64url').slice(0, CHECK_LENGTH);
}
