import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same id: ids are used again, start times are not. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

/** When a process started, in the units of the operating system; null when there is no such process. */
export function startTimeOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and brackets: count from the last bracket (proc(5): state is field 3, starttime 22).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/** The identity of a live process. @throws Error when it does not live */
export function identify(pid: number): ProcessIdentity {
  const startTime = startTimeOf(pid);
  if (startTime === null) throw new Error(`there is no process ${pid}`);
  return { pid, startTime };
}

/** Whether exactly this process still lives. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return startTimeOf(pid) === startTime;
}

/**
 * Ends a process: SIGTERM, then SIGKILL when it has not gone in time. Does nothing when it is gone already.
 * @param group whether to signal its whole process group
 */
export async function endProcess(target: ProcessIdentity, graceMs: number, group = false): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isAlive(target)) return;
    try {
      process.kill(group ? -target.pid : target.pid, signal);
    } catch {
      return;
    }
    const deadline = Date.now() + graceMs;
    while (isAlive(target) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
