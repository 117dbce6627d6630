import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { HealthBefore } from '../../domain/gates/pod-health.js';
import { createPrivateFile, readIfThere } from '../../settings/private-file.js';
import type { RunRef } from '../contract.js';
import { runDir } from '../rollback/run-dir.js';

const baselineSchema = z.record(
  z.string(),
  z.object({ pods: z.int(), restartsPerHour: z.number(), wasAiling: z.boolean() }),
);

/** A name of a wave may hold what names of files should not. */
function fileOf(dataDir: string, run: RunRef, wave: string): string {
  const id = createHash('sha256').update(wave).digest('hex').slice(0, 12);
  return join(runDir(dataDir, run), `pod-health-${id}.json`);
}

/** Keeps how the workloads of a wave do before it begins. What is there already stays: later it would be how they do during the wave. */
export function keepHealth(
  dataDir: string,
  run: RunRef,
  wave: string,
  health: Readonly<Record<string, HealthBefore>>,
): void {
  createPrivateFile(fileOf(dataDir, run, wave), `${JSON.stringify(health)}\n`);
}

/** How the workloads of a wave did before it; empty when nobody has looked. */
export function readHealth(dataDir: string, run: RunRef, wave: string): Readonly<Record<string, HealthBefore>> {
  const text = readIfThere(fileOf(dataDir, run, wave));
  return text === null ? {} : baselineSchema.parse(JSON.parse(text));
}
