/**
 * Writes the pages of docs/reference that are made from the code, so that they cannot disagree with it, and the tables of
 * docs/explanation/performance.md from what was measured.
 * `npm run docs` writes them; a test compares them with what this would write.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { pageTables } from '../bench/migrate/page-tables.js';
import { readResults } from '../bench/migrate/result.js';
import { CAPABILITIES, type Support } from '../domain/capabilities.js';
import { CHECK_ENTRIES } from '../domain/checks/catalogue.js';
import { CHECK_GROUPS, SEVERITY_MEANINGS, type CheckGroup } from '../domain/checks/descriptor.js';
import { DRIVERS } from '../domain/driver.js';
import { FAILURES } from '../domain/failures.js';
import { WORKLOAD_ACTIONS } from '../domain/workload-actions.js';
import { policyPage } from './policy-page.js';

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

const ACTIONS = {
  restart: 'restarted through an annotation of its pod template; its own strategy replaces the pods',
  restartAt: 'told to restart through `spec.restartAt`; its own controller replaces the pods',
  evict: 'its pods are evicted one at a time through the Eviction API, each waited for until it is back and Ready',
  wait: 'left to finish; finalising, and a rollback, wait for it with a deadline',
  report: 'left alone; a person must do something',
} as const;

const CALLED: Readonly<Record<string, string>> = {
  Rollout: 'Rollout (Argo)',
  Pod: 'Pod without an owner',
  unknown: 'any other owner',
};

function workloadsPage(): string {
  const rows = Object.entries(WORKLOAD_ACTIONS).flatMap(([kind, strategies]) =>
    Object.entries(strategies).map(([strategy, { action, reason }]) => {
      const how = strategy === 'any' ? '' : `\`${strategy}\``;
      return `| ${CALLED[kind] ?? kind} | ${how} | \`${action}\` | ${reason} |`;
    }),
  );
  const actions = Object.entries(ACTIONS).map(([action, text]) => `- \`${action}\`: ${text}.`);
  return `# Workloads

What Meshlift does with each kind of workload to get new sidecars into its pods, forward and back.

${actions.join('\n')}

| kind | strategy | action | why |
| --- | --- | --- | --- |
${rows.join('\n')}

\`managed\` is a workload that another controller owns (Knative, an operator); \`partition\` is a StatefulSet with a partition above 0.

## Rules that hold for all of them

- A workload is moved at most once per run and direction. A restart is marked on the template, an eviction on the object: \`meshlift.dev/restarted-by\`, \`meshlift.dev/replacing-pods\`. A retried step finds its mark and only watches.
- A rollout that somebody else has begun is waited for, as long as a workload may take; one that cannot end by itself (\`ProgressDeadlineExceeded\`, a changed template under \`OnDelete\`) is \`RolloutUnfinished\` at once.
- An eviction asks the PodDisruptionBudgets. A refusal is asked again after 1 second, then ever later up to 30; without one pod replaced within the time of a workload it is \`EvictionRefused\`. One pod at a time; one that is not Ready anyway goes first.
- A pod that comes back without a sidecar or with another one stops its wave at once. After the cause is mended, \`retry\` evicts just those pods: the workload is not restarted again.
- A container that has ended three times is \`CrashLoopBackOff\` at once; before that it is waited for. \`ImagePullBackOff\` and pods that cannot be created (\`FailedCreateWebhook\`, \`FailedCreateQuota\`, \`FailedCreate\`) count when they last for a minute, or a quarter of the time of a workload if that is less. \`Unschedulable\` counts when the time is up: a node may be on its way.
- \`retry\` wakes a controller that could create no pods and has backed off (\`meshlift.dev/nudged-at\`).
- On the way back, a Deployment whose restart brought up no pod (quota, webhook, limits) is not restarted once more: its template gets back the annotation that its pods have, and they stay.
- On the way back, what began with the new sidecar and cannot be restarted holds the removal of the new control plane: Jobs as long as a workload may take, bare pods and those of unknown owners until a person replaces them.
- A namespace counts as moved when two scans in a row found nothing left and no new workload.
`;
}

const SUPPORT: Readonly<Record<Support, string>> = { yes: 'yes', refused: 'refused', none: '' };

function driversPage(): string {
  const rows = CAPABILITIES.map(({ feature, support, note }) => {
    const cells = DRIVERS.map((driver) => SUPPORT[support[driver]]);
    return `| ${feature} | ${cells.join(' | ')} | ${note} |`;
  });
  return `# Drivers

A release names its driver: how a mesh is upgraded to it. \`asm-1.6\` is the guide's path, from 1.5 and 1.6 to 1.6.14; \`istio-revisioned\` is current Istio.
\`refused\`: Meshlift recognises it and says so in the plan, before anything is changed. An empty cell: that generation does not have it.

| feature | ${DRIVERS.map((driver) => `\`${driver}\``).join(' | ')} | |
| --- | ${DRIVERS.map(() => '---').join(' | ')} | --- |
${rows.join('\n')}
`;
}

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The page as it stands, with the tables between its two marks made anew. @throws Error when a mark is missing */
async function performancePage(): Promise<string> {
  const page = await readFile(here('docs/explanation/performance.md'), 'utf8');
  const [before, rest] = page.split('<!-- begin tables -->');
  const [, after] = (rest ?? '').split('<!-- end tables -->');
  if (before === undefined || after === undefined) throw new Error('performance.md has no place for its tables');
  const tables = pageTables(await readResults(here('bench/results/final/migrate')));
  return `${before}<!-- begin tables -->\n\n${tables}\n\n<!-- end tables -->${after}`;
}

/** Every generated page: its path below the repository, and its formatted text. */
export async function generatedPages(): Promise<Record<string, string>> {
  const pages = {
    'docs/reference/failures.md': failuresPage(),
    'docs/reference/checks.md': checksPage(),
    'docs/reference/workloads.md': workloadsPage(),
    'docs/reference/drivers.md': driversPage(),
    'docs/reference/policy.md': policyPage(),
    'docs/explanation/performance.md': await performancePage(),
  };
  const formatted = Object.entries(pages).map(async ([path, text]) => {
    return [path, await format(text, { parser: 'markdown', printWidth: 120, singleQuote: true })] as const;
  });
  return Object.fromEntries(await Promise.all(formatted));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(await generatedPages())) {
    await writeFile(here(path), text);
    console.log(`wrote ${path}`);
  }
}
