import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../../api/api-problem.js';
import { fromCursor, toCursor } from '../../api/page-cursor.js';

describe('a cursor', () => {
  const token = Buffer.from('{"page":2}');

  it('leads back to the token of its own query', () => {
    const cursor = toCursor(token, 'query');
    expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(fromCursor(cursor ?? '', 'query'))).toEqual(token);
  });

  it('is none on the last page, and none asks for the first', () => {
    expect(toCursor(new Uint8Array(), 'query')).toBeNull();
    expect(fromCursor(undefined, 'query')).toHaveLength(0);
  });

  it.each(['', 'abcd', 'abcdefghijklmnop', toCursor(token, 'another query') ?? ''])(
    'that is no cursor of this query is refused: %s',
    (cursor) => {
      expect(() => fromCursor(cursor, 'query')).toThrow(ApiProblem);
    },
  );
});
