import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, replacePrivateFile } from '../../settings/private-file.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { runDir } from '../rollback/run-dir.js';

const baselineSchema = z.object({
  /** Namespaces that the run was seen to label. */
  moved: z.array(z.string()),
  /** Deployments as they were first seen, by name. */
  prints: z.array(
    z.tuple([z.string(), z.object({ uid: z.string(), digest: z.string(), revision: z.exactOptional(z.string()) })]),
  ),
  /** How far the run was seen to have brought each tag and each Gateway; absent where it has none. */
  reached: z.exactOptional(z.array(z.tuple([z.string(), z.string()]))),
  /** Keys of changes that were told and have not been put right since. */
  told: z.array(z.string()),
});

/** What the watch of a run compares with. It outlives each watch: what changes while nobody looks must be seen afterwards. */
export type Baseline = z.infer<typeof baselineSchema>;

/** Reads what the watches of a run before this one knew; null when there was none, or when its file is damaged. */
export function readBaseline({ dataDir }: Pick<ActivityContext, 'dataDir'>, run: RunRef): Baseline | null {
  const text = readIfThere(fileOf(dataDir, run));
  if (text === null) return null;
  try {
    return baselineSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Keeps a baseline for the next watch, as often as it has changed. Only its owner may read it. */
export function createBaselineKeeper({ dataDir }: Pick<ActivityContext, 'dataDir'>, run: RunRef) {
  let kept = '';
  return (baseline: Baseline): void => {
    const text = `${JSON.stringify(baseline)}\n`;
    if (text === kept) return;
    replacePrivateFile(fileOf(dataDir, run), text);
    kept = text;
  };
}

function fileOf(dataDir: string, run: RunRef): string {
  return join(runDir(dataDir, run), 'outsiders.json');
}
