import { defineConfig } from 'vitest/config';

/** One project per folder of test/: what they need of the machine, and how long they may take, differs. */
const suite = (name: string, timeoutMs: number, parallel: boolean) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: 'node' as const,
    // Temporal's native module does not work in worker threads.
    pool: 'forks' as const,
    fileParallelism: parallel,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
});

export default defineConfig({
  test: {
    projects: [
      suite('unit', 30_000, true),
      suite('workflow', 60_000, false),
      suite('api', 60_000, false),
      suite('replay', 60_000, false),
      suite('e2e', 600_000, false),
      // Not part of `npm test`: it waits for what takes minutes by its nature.
      suite('chaos', 2_400_000, false),
      // Not part of `npm test`: what takes long and adds little to what the others show.
      suite('long', 900_000, false),
    ],
  },
});
