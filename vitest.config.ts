import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';

/** One project per folder of test/: what they need of the machine, and how long they may take, differs. */
const suite = (name: string, timeoutMs: number, atOnce: number | 'all') => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: 'node' as const,
    // Temporal's native module does not work in worker threads.
    pool: 'forks' as const,
    ...(atOnce === 'all' ? {} : { maxWorkers: atOnce }),
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
});

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      suite('unit', 30_000, 'all'),
      suite('workflow', 60_000, 2),
      suite('api', 60_000, 1),
      suite('replay', 60_000, 1),
      // Each file has a mesh of its own and mostly waits for it: two of them fit beside each other on two cores.
      suite('e2e', 600_000, 2),
      // Not part of `npm test`: it waits for what takes minutes by its nature.
      suite('chaos', 2_400_000, 1),
      // Not part of `npm test`: what takes long and adds little to what the others show.
      suite('long', 900_000, 1),
    ],
  },
});
