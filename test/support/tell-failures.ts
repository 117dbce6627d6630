import type { TestModule, TestSuite, TestCase } from 'vitest/node';

interface Thrown {
  readonly message?: string;
  readonly stack?: string;
}

/**
 * What went wrong in a suite, one entry each: the test or hook with the first lines of its error, then each error that
 * belongs to no test, with the place it came from and the file that ran.
 */
export function tellFailures(modules: readonly TestModule[], unhandled: readonly unknown[]): string[] {
  const failures = modules.flatMap((module) => [
    ...[module, ...module.children.allSuites()].flatMap((part) => part.errors().map((error) => told(part, error))),
    ...[...module.children.allTests()].flatMap((test) =>
      (test.result().errors ?? []).map((error) => told(test, error)),
    ),
  ]);
  return [...failures, ...unhandled.map(toldOfNoTest)];
}

function told(part: TestModule | TestSuite | TestCase, error: Thrown): string {
  if (part.type === 'module') return `${part.relativeModuleId}: ${firstLines(error.message, 3)}`;
  return `${part.module.relativeModuleId} > ${part.fullName}: ${firstLines(error.message, 3)}`;
}

/** Vitest notes on such an error what it was, and which file ran when it came. */
function toldOfNoTest(error: unknown): string {
  const {
    type,
    VITEST_TEST_PATH: file,
    stack,
    message,
  } = error as Thrown & { type?: string; VITEST_TEST_PATH?: string };
  return `${type ?? 'Unhandled Error'} while ${file ?? 'no file'} ran: ${firstLines(stack ?? message, 8)}`;
}

function firstLines(text: string | undefined, count: number): string {
  return (text ?? 'no message').split('\n').slice(0, count).join('\n    ');
}
