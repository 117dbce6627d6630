import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createPrivateFile, readIfThere } from '../../settings/private-file.js';
import { ServeError } from './serve-error.js';

const TOKEN_BYTES = 32;

/**
 * The token that opens the API: made at the first start, kept from then on, readable by its owner only.
 * @throws ServeError when the file holds something that is no token
 */
export function ensureToken(file: string): string {
  // Of two that come first at once, the second reads the token of the other.
  createPrivateFile(file, `${randomBytes(TOKEN_BYTES).toString('base64url')}\n`);
  const token = readIfThere(file)?.trim() ?? '';
  if (!/^[A-Za-z0-9_-]{20,}$/.test(token)) {
    throw new ServeError(`${file} does not hold a token; remove it, and the next start makes a new one.`);
  }
  chmodSync(file, 0o600);
  return token;
}
