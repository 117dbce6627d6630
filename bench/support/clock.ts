/** Says something on standard error, with the time since the beginning. */
export type Say = (line: string) => void;

/** Lines with minutes and seconds since now. */
export function sayingSince(began = performance.now()): Say {
  return (line) => {
    const seconds = Math.round((performance.now() - began) / 1000);
    console.error(`[${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}] ${line}`);
  };
}
