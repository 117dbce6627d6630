/**
 * Runs every suite and prints, last, one line over all of them: `N passed, N failed, N skipped`.
 * Builds first what the suites need (progress on the terminal), so that no test waits for a compiler. What failed is told
 * once more before that line: a log that is kept may hold only its end.
 */
import { startVitest } from 'vitest/node';
import { ensureBinaries, flavourBinaries } from '../sandbox/binaries/index.js';
import { defaultCacheDir } from '../settings/paths.js';
import { countTests, type Counts } from './support/count-tests.js';
import { tellFailures } from './support/tell-failures.js';

const SUITES = ['unit', 'workflow', 'api', 'replay', 'e2e'] as const;

/** Runs the named suite in this process's own Vitest, counts its tests, and says what failed. */
async function runSuite(project: string): Promise<{ counts: Counts; failures: string[] }> {
  const vitest = await startVitest('test', [], { project: [project], watch: false, reporters: ['default'] });
  const modules = vitest.state.getTestModules();
  const unhandled = vitest.state.getUnhandledErrors();
  const counts = sum(modules.map(countTests));
  counts.failed += unhandled.length;
  const failures = tellFailures(modules, unhandled).map((failure) => `${project}: ${failure}`);
  await vitest.close();
  return { counts, failures };
}

function sum(parts: readonly Counts[]): Counts {
  const add = (key: keyof Counts) => parts.reduce((total, part) => total + part[key], 0);
  return { passed: add('passed'), failed: add('failed'), skipped: add('skipped') };
}

const cacheDir = defaultCacheDir();
await ensureBinaries(['temporal', 'temporal-test-server', ...flavourBinaries('asm16'), ...flavourBinaries('asm15')], {
  cacheDir,
  progress: (line) => process.stderr.write(`${line}\n`),
});

const all: Counts[] = [];
const told: string[] = [];
for (const suite of SUITES) {
  console.log(`\n=== ${suite} ===`);
  const { counts, failures } = await runSuite(suite);
  const isEmpty = counts.passed + counts.failed + counts.skipped === 0;
  all.push(isEmpty ? { ...counts, failed: 1 } : counts);
  told.push(...failures, ...(isEmpty ? [`${suite}: no test was found`] : []));
}

const total = sum(all);
if (told.length > 0) console.log(`\nwhat failed:\n${told.join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
