/**
 * Writes the pages of docs/reference that are made from the code, so that they cannot disagree with it.
 * `npm run docs` writes them; a test compares them with what this would write.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { FAILURES } from '../domain/failures.js';

const MEANINGS = {
  refuse: 'Refused: the request was wrong, nothing changed',
  retry: 'Heals by itself: tried again, then the run is blocked',
  block: 'Needs a person: the run stops at its place, and `retry` goes on from there',
} as const;

function failuresPage(): string {
  const groups = (Object.keys(MEANINGS) as (keyof typeof MEANINGS)[]).map((meaning) => {
    const rows = Object.entries(FAILURES)
      .filter(([, kind]) => kind.meaning === meaning)
      .map(([reason, kind]) => `| \`${reason}\` | ${kind.status} | ${kind.sentence} | ${kind.nextStep} |`);
    return `## ${MEANINGS[meaning]}\n\n| reason | HTTP | what it means | next step |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
  });
  return `# Failures\n\nEvery failure has a reason word, a sentence, and a next step. The word is the same in the API (\`code\`), in the CLI, in the journal and in Temporal.\n\n${groups.join('\n\n')}\n`;
}

/** Every generated page: its path below the repository, and its formatted text. */
export async function generatedPages(): Promise<Record<string, string>> {
  return {
    'docs/reference/failures.md': await format(failuresPage(), {
      parser: 'markdown',
      printWidth: 120,
      singleQuote: true,
    }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(await generatedPages())) {
    await writeFile(fileURLToPath(new URL(`../${path}`, import.meta.url)), text);
    console.log(`wrote ${path}`);
  }
}
