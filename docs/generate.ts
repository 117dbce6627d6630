/**
 * Writes the pages of docs/reference that are made from the code, so that they cannot disagree with it.
 * `npm run docs` writes them; a test compares them with what this would write.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { CHECK_ENTRIES } from '../domain/checks/catalogue.js';
import { CHECK_GROUPS, SEVERITY_MEANINGS, type CheckGroup } from '../domain/checks/descriptor.js';
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

function checksPage(): string {
  const groups = (Object.keys(CHECK_GROUPS) as CheckGroup[]).map((group) => {
    const members = CHECK_ENTRIES.filter((entry) => entry.group === group);
    const rows = members.map(
      ({ id, title, severity, reads, waivable }) =>
        `| \`${id}\` | ${title} | ${severity} | ${reads} | ${waivable ? 'yes' : 'no'} |`,
    );
    const whys = members.flatMap(({ id, why }) => (why === undefined ? [] : [`- \`${id}\`: ${why}`]));
    const table = `| id | what holds when it passes | worst | reads | waivable |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}`;
    return [
      `## ${CHECK_GROUPS[group]}`,
      ...(rows.length === 0 ? [] : [table]),
      ...(whys.length === 0 ? [] : [whys.join('\n')]),
    ].join('\n\n');
  });
  const severities = Object.entries(SEVERITY_MEANINGS).map(([word, meaning]) => `- \`${word}\`: ${meaning}.`);
  return (
    [
      '# Checks of the preflight',
      'Before anything changes, a run asks these questions of the cluster. `meshlift plan` asks them as well, and changes nothing. `meshlift checks MESH023` explains one; `GET /v1/checks` has all of them.',
      'What a check finds has one of these severities; the tables name the worst.',
      [
        ...severities,
        '- `unknown`: the question could not be answered, for instance because a right is missing. That is never a pass: it blocks like a blocker.',
      ].join('\n'),
      'Taking a risk: `--waive MESH020 --reason "resumed by its owner on Monday"` with `plan` and `start`, or `options.waivers` in the API. The reason stands with the finding, in `meshlift get`, and in the journal of the run. Waivers are part of the plan, and so of its hash. What is not waivable could not end well.',
      ...groups,
    ].join('\n\n') + '\n'
  );
}

/** Every generated page: its path below the repository, and its formatted text. */
export async function generatedPages(): Promise<Record<string, string>> {
  const pages = { 'docs/reference/failures.md': failuresPage(), 'docs/reference/checks.md': checksPage() };
  const formatted = Object.entries(pages).map(async ([path, text]) => {
    return [path, await format(text, { parser: 'markdown', printWidth: 120, singleQuote: true })] as const;
  });
  return Object.fromEntries(await Promise.all(formatted));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(await generatedPages())) {
    await writeFile(fileURLToPath(new URL(`../${path}`, import.meta.url)), text);
    console.log(`wrote ${path}`);
  }
}
