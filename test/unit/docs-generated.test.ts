import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { generatedPages } from '../../docs/generate.js';

describe('generated pages of the reference', async () => {
  it.each(Object.entries(await generatedPages()))('%s says what the code says (npm run docs)', async (path, text) => {
    expect(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(text);
  });
});
