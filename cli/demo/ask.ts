import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks a person at the terminal to go on. Where there is no terminal, the answer is yes after a while.
 * @param question shown as it is, followed by what happens without an answer
 * @param seconds how long to wait when there is no terminal
 * @returns false only when the person said no
 */
export async function askToGoOn(question: string, seconds: number, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY) {
    process.stderr.write(`${question} No terminal: going on in ${seconds} s.\n`);
    await delay(seconds * 1000, undefined, { signal });
    return true;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While a line is edited, Ctrl-C comes as a key and not as a signal; whoever ends the process listens to the signal.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return !/^\s*n/i.test(await terminal.question(`${question} [Y/n] `, { signal }));
  } finally {
    terminal.close();
  }
}
