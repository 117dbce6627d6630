import { Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { processContext, type Context } from '../client/context.js';
import { runDemo } from '../demo/run-demo.js';
import { EXIT } from '../exit-codes.js';
import { listenForInterrupts } from '../serve/interrupts.js';
import { withPreconditions } from '../serve/preconditions.js';

interface DemoFlags {
  readonly rollback?: true;
  readonly keep?: true;
  readonly name: string;
}

/** `meshlift demo`: a whole upgrade of a real mesh, checked. */
export function demoCommand(context: Context = processContext(process)): Command {
  return new Command('demo')
    .description('Upgrade a real Istio 1.6 mesh in a sandbox, and check the result.')
    .option('--rollback', 'go back at the last gate instead of finishing, and prove that all is as it was')
    .option('--keep', 'leave the sandbox up afterwards')
    .option('--name <name>', 'name of the sandbox', `demo-${randomBytes(2).toString('hex')}`)
    .action((flags: DemoFlags) => withPreconditions(context, () => demo(flags, context)));
}

async function demo(flags: DemoFlags, context: Context): Promise<void> {
  const interrupts = listenForInterrupts();
  const { signal } = interrupts;
  interrupts.onSecond(() => process.exit(EXIT.interrupted));
  try {
    const code = await runDemo({
      name: flags.name,
      rollback: flags.rollback === true,
      keep: flags.keep === true,
      context,
      signal,
      onServe: (serve) =>
        interrupts.onSecond(() => {
          serve.kill();
          context.err(`The sandbox is left. End it with: meshlift sandbox down --name ${flags.name}\n`);
          process.exit(EXIT.interrupted);
        }),
    });
    context.finish(code);
    // A step of the sandbox that was cut short may still hold the process; its tools end with it.
    if (signal.aborted) process.exit(code);
  } finally {
    interrupts.close();
  }
}
