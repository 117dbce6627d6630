import type { TestCase, TestModule, TestSuite } from 'vitest/node';

/** How the tests of some files ended. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Counts the tests of a file. What could not run counts as failed: a file that does not load or holds no test, tests that
 * were held back by a failed hook (Vitest calls them skipped), a hook that failed after its tests.
 */
export function countTests(module: TestModule): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const test of module.children.allTests()) counts[verdictOf(test)]++;
  const isBroken = [module, ...module.children.allSuites()].some((part) => part.errors().length > 0);
  const isEmpty = counts.passed + counts.failed + counts.skipped === 0;
  if (counts.failed === 0 && (isBroken || isEmpty || module.state() === 'failed')) counts.failed = 1;
  return counts;
}

function verdictOf(test: TestCase): keyof Counts {
  const { state } = test.result();
  if (state === 'pending') return 'failed';
  return state === 'skipped' && surroundings(test).some((part) => part.errors().length > 0) ? 'failed' : state;
}

/** The file of a test, and the suites that it stands in. */
function surroundings(test: TestCase): (TestModule | TestSuite)[] {
  const found: (TestModule | TestSuite)[] = [];
  for (let part = test.parent; ; part = part.parent) {
    found.push(part);
    if (part.type === 'module') return found;
  }
}
