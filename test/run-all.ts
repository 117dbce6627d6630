/**
 * Runs every suite and prints, last, one line over all of them: `N passed, N failed, N skipped`.
 * Builds first what the suites need (progress on the terminal), so that no test waits for a compiler.
 */
import { startVitest } from 'vitest/node';
import { ensureBinaries, flavourBinaries } from '../sandbox/binaries/index.js';
import { defaultCacheDir } from '../settings/paths.js';

const SUITES = ['unit', 'workflow', 'api', 'replay', 'e2e'] as const;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs the named suite in this process's own Vitest and counts its tests; a file that fails to load counts as failed. */
async function runSuite(project: string): Promise<Counts> {
  const vitest = await startVitest('test', [], { project: [project], watch: false, reporters: ['default'] });
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of vitest.state.getTestModules()) {
    const tests = [...module.children.allTests()];
    for (const test of tests)
      counts[test.result().state === 'pending' ? 'failed' : (test.result().state as keyof Counts)]++;
    if (tests.length === 0 || module.errors().length > 0) counts.failed++;
  }
  counts.failed += vitest.state.getUnhandledErrors().length;
  await vitest.close();
  return counts;
}

const cacheDir = defaultCacheDir();
await ensureBinaries(['temporal', 'temporal-test-server', ...flavourBinaries('asm16'), ...flavourBinaries('asm15')], {
  cacheDir,
  progress: (line) => process.stderr.write(`${line}\n`),
});

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const suite of SUITES) {
  console.log(`\n=== ${suite} ===`);
  const counts = await runSuite(suite);
  if (counts.passed + counts.failed + counts.skipped === 0) counts.failed = 1;
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
