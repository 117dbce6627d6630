import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '../../activities/failure.js';
import { digestOverlays, keepOverlays, keptOverlays } from '../../activities/releases/kept-overlays.js';

const run = { cluster: 'prod', runId: '0f8b1c7e-run', release: '1.6.14-asm.2' };

let dir: string;
const registered = () => join(dir, 'company.yaml');
const context = () => ({
  dataDir: dir,
  overlayFiles: (names: readonly string[]) =>
    names.map((name) => {
      if (name === 'company') return registered();
      throw failure('UnknownOverlay', `No overlay "${name}" is registered on this worker.`);
    }),
});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meshlift-overlays-'));
  await writeFile(registered(), 'spec: {}\n');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the overlays of a run', () => {
  it('stay what they were, whatever becomes of the registered file', async () => {
    const overlays = await digestOverlays(context(), ['company']);
    await keepOverlays(context(), run, overlays);
    await rm(registered());
    // A worker that was killed does it again.
    await keepOverlays(context(), run, overlays);
    const [kept = ''] = await keptOverlays(context(), run, overlays);
    expect(await readFile(kept, 'utf8')).toBe('spec: {}\n');
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    // A run that takes it back uses what that one kept.
    const later = { ...run, runId: 'later', restores: run.runId };
    expect(await keptOverlays(context(), later, overlays)).toEqual([kept]);
  });

  it('are refused when they changed after the plan', async () => {
    const overlays = await digestOverlays(context(), ['company']);
    await writeFile(registered(), 'spec: { hub: elsewhere }\n');
    const changed = { type: 'OverlayChanged', message: expect.stringContaining('"company"') as unknown };
    await expect(keepOverlays(context(), run, overlays)).rejects.toMatchObject(changed);
    await writeFile(registered(), 'spec: {}\n');
    await keepOverlays(context(), run, overlays);
  });

  it('are refused when the copy was changed or is gone', async () => {
    const overlays = await digestOverlays(context(), ['company']);
    const gone = { type: 'OverlayChanged', message: expect.stringContaining('is not kept any more') as unknown };
    await expect(keptOverlays(context(), run, overlays)).rejects.toMatchObject(gone);
    await keepOverlays(context(), run, overlays);
    const [kept = ''] = await keptOverlays(context(), run, overlays);
    await writeFile(kept, 'spec: { hub: elsewhere }\n');
    await expect(keptOverlays(context(), run, overlays)).rejects.toMatchObject(gone);
  });

  it('that cannot be read, or that nobody has registered, are refused with their name', async () => {
    await expect(digestOverlays(context(), ['other'])).rejects.toMatchObject({ type: 'UnknownOverlay' });
    await rm(registered());
    await expect(digestOverlays(context(), ['company'])).rejects.toMatchObject({ type: 'OverlayChanged' });
  });
});
