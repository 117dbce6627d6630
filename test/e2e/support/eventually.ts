import { setTimeout as delay } from 'node:timers/promises';

/** Asks until the answer is yes. @throws Error that names what did not come within a minute */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited a minute for ${what}`);
    await delay(100);
  }
}
