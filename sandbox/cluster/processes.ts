import { spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess, identify, isAlive, startTimeOf, type ProcessIdentity } from '../../settings/process-identity.js';
import { writeAtomically } from './state.js';

/** Every process of a sandbox carries its folder under this name, so that none is ever lost. */
const MARKER = 'MESHLIFT_SANDBOX';

/** What to start, and with what beyond the bare necessities in its environment. */
export interface ProcessSpec {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A process of a sandbox, with a way to learn of its end. */
export interface SandboxProcess extends ProcessIdentity {
  readonly exited: Promise<number | null>;
}

/** Starts a process that outlives its parent, logs into the sandbox's folder, and is recorded there. */
export async function startProcess(dir: string, spec: ProcessSpec): Promise<SandboxProcess> {
  await mkdir(join(dir, 'processes'), { recursive: true });
  const log = await open(join(dir, `${spec.name}.log`), 'a');
  const child = spawn(spec.file, spec.args, {
    cwd: spec.cwd ?? dir,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...spec.env, [MARKER]: dir },
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
    child.on('error', () => resolve(null));
  });
  await log.close();
  if (child.pid === undefined) throw new Error(`${spec.name} could not be started from ${spec.file}`);
  const identity = identify(child.pid);
  await writeAtomically(join(dir, 'processes', `${spec.name}.json`), JSON.stringify(identity));
  child.unref();
  return { ...identity, exited };
}

/** Forgets a process that has ended. */
export async function forgetProcess(dir: string, name: string): Promise<void> {
  await rm(join(dir, 'processes', `${name}.json`), { force: true });
}

/** The recorded processes of a sandbox, by name. */
export async function recordedProcesses(dir: string): Promise<Record<string, ProcessIdentity & { alive: boolean }>> {
  const folder = join(dir, 'processes');
  if (!existsSync(folder)) return {};
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const entries = await Promise.all(
    files.map(async (file) => {
      const identity = JSON.parse(await readFile(join(folder, file), 'utf8')) as ProcessIdentity;
      return [file.slice(0, -'.json'.length), { ...identity, alive: isAlive(identity) }] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/**
 * Ends every process of a sandbox: first what starts others, then the recorded ones, then whatever still carries the
 * sandbox's marker (Linux), so that nothing is left even after a crash between a start and its record.
 */
export async function endAllProcesses(dir: string): Promise<void> {
  const recorded = await recordedProcesses(dir);
  const { controller, ...others } = recorded;
  if (controller) await endProcess(controller, 3_000);
  await Promise.all(Object.values(others).map((identity) => endProcess(identity, 3_000)));
  await Promise.all(markedProcesses(dir).map((identity) => endProcess(identity, 1_000)));
}

/** Processes of this machine that carry the marker of this sandbox in their environment. Linux only; elsewhere none. */
export function markedProcesses(dir: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  const marked: ProcessIdentity[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid || !carriesMarker(name, dir)) continue;
    const startTime = startTimeOf(Number(name));
    if (startTime !== null) marked.push({ pid: Number(name), startTime });
  }
  return marked;
}

function carriesMarker(pid: string, dir: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`${MARKER}=${dir}`);
  } catch {
    return false;
  }
}
