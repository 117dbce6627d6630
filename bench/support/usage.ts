import { readFileSync, writeFileSync } from 'node:fs';

/** What a process has used. */
export interface Usage {
  /** Of user and system together, with its ended children. */
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly rssMb: number;
}

/** Linux counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** What a process has used so far; zeros for one that has ended. */
export function usageOf(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5), counted from the end of the name: utime, stime, cutime and cstime are fields 14 to 17, state is 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      cpuSeconds: ticks / TICKS_PER_SECOND,
      peakRssMb: megabytes(status, 'VmHWM'),
      rssMb: megabytes(status, 'VmRSS'),
    };
  } catch {
    return { cpuSeconds: 0, peakRssMb: 0, rssMb: 0 };
  }
}

/** The peak counts from now on. */
export function forgetPeak(pid: number): void {
  try {
    // proc(5): 5 resets the peak of the resident set.
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // It has ended, or the kernel keeps the peak of its whole life: then the figure is too high, never too low.
  }
}

function megabytes(status: string, field: string): number {
  const kilobytes = Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return Math.round(kilobytes / 102.4) / 10;
}
