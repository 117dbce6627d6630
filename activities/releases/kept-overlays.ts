import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OverlayFile } from '../../domain/plan.js';
import { replacePrivateFile } from '../../settings/private-file.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { failure } from '../failure.js';
import { recordDir } from '../rollback/run-dir.js';

type Overlays = Pick<ActivityContext, 'dataDir' | 'overlayFiles'>;

/**
 * What the overlay files of a plan hold at the moment.
 * @throws UnknownOverlay when one is not registered; OverlayChanged when one cannot be read
 */
export async function digestOverlays(context: Overlays, names: readonly string[]): Promise<OverlayFile[]> {
  return Promise.all(names.map(async (name) => ({ name, sha256: digestOf(await registered(context, name)) })));
}

/**
 * Copies the overlay files of a plan into the run's folder, before the first change: what was approved is what is installed,
 * and what a way back to 1.5 installs again, whatever becomes of the registered files.
 * @throws OverlayChanged when a file is not what it was when the plan was made
 */
export async function keepOverlays(context: Overlays, run: RunRef, overlays: readonly OverlayFile[]): Promise<void> {
  for (const { name, sha256 } of overlays) {
    if (await isKept(context, run, { name, sha256 })) continue;
    const bytes = await registered(context, name);
    if (digestOf(bytes) !== sha256) throw changed(name, `is not what it was when the plan of this run was made`);
    replacePrivateFile(keptFile(context, run, name), bytes);
  }
}

/**
 * Paths of a run's own overlay files, for `istioctl -f`.
 * @throws OverlayChanged when one was changed or is gone
 */
export async function keptOverlays(
  context: Overlays,
  run: RunRef,
  overlays: readonly OverlayFile[],
): Promise<readonly string[]> {
  for (const overlay of overlays) {
    if (await isKept(context, run, overlay)) continue;
    throw changed(overlay.name, `is not kept any more as ${keptFile(context, run, overlay.name)}`);
  }
  return overlays.map(({ name }) => keptFile(context, run, name));
}

function keptFile({ dataDir }: Overlays, run: RunRef, name: string): string {
  return join(recordDir(dataDir, run), 'overlays', `${name}.yaml`);
}

async function isKept(context: Overlays, run: RunRef, { name, sha256 }: OverlayFile): Promise<boolean> {
  const bytes = await readFile(keptFile(context, run, name)).catch(() => null);
  return bytes !== null && digestOf(bytes) === sha256;
}

async function registered({ overlayFiles }: Overlays, name: string): Promise<Buffer> {
  const [file = ''] = overlayFiles([name]);
  return readFile(file).catch((error: unknown) => {
    throw changed(name, `cannot be read: ${(error as Error).message}`);
  });
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function changed(name: string, what: string) {
  return failure('OverlayChanged', `The overlay "${name}" ${what}.`);
}
