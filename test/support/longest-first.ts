import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, longest first: one that begins last would leave a core idle at the end. */
const LONGEST = ['from-1-5', 'finalise', 'survival', 'preflight-cluster', 'upgrade', 'crash', 'fence', 'rollback'];

/** Begins with the files that are known to take long, whatever a machine remembers of earlier runs. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`/e2e/${name}.test.ts`));
      return index === -1 ? LONGEST.length : index;
    };
    return [...(await super.sort(files))].sort((a, b) => place(a) - place(b));
  }
}
