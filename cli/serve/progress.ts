/** Told, line by line, how it goes. */
export type Progress = (line: string) => void;

/** Lines of progress with the seconds since the start in front: `[ 12.3 s] built etcd`. */
export function elapsedProgress(write: (text: string) => void, now: () => number = Date.now): Progress {
  const start = now();
  return (line) => write(`[${((now() - start) / 1000).toFixed(1).padStart(6)} s] ${line}\n`);
}
