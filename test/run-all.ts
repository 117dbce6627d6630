/**
 * Runs every suite and prints, last, one line over all of them: `N passed, N failed, N skipped`.
 * Builds first what the suites need (progress on the terminal), so that no test waits for a compiler.
 */
import { startVitest } from 'vitest/node';
import { ensureBinaries, flavourBinaries } from '../sandbox/binaries/index.js';
import { defaultCacheDir } from '../settings/paths.js';
import { countTests, type Counts } from './support/count-tests.js';

const SUITES = ['unit', 'workflow', 'api', 'replay', 'e2e'] as const;

/** Runs the named suite in this process's own Vitest and counts its tests. */
async function runSuite(project: string): Promise<Counts> {
  const vitest = await startVitest('test', [], { project: [project], watch: false, reporters: ['default'] });
  const counts = sum(vitest.state.getTestModules().map(countTests));
  counts.failed += vitest.state.getUnhandledErrors().length;
  await vitest.close();
  return counts;
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
for (const suite of SUITES) {
  console.log(`\n=== ${suite} ===`);
  const counts = await runSuite(suite);
  all.push(counts.passed + counts.failed + counts.skipped === 0 ? { ...counts, failed: 1 } : counts);
}

const total = sum(all);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
