import { Command, Option } from 'commander';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { defaultDataDir } from '../../settings/paths.js';
import { parsePort } from '../serve/arguments.js';
import { processContext, type Context } from '../client/context.js';
import { EXIT } from '../exit-codes.js';
import { columns, joined } from '../render/text.js';
import { listenForInterrupts } from '../serve/interrupts.js';
import { withPreconditions } from '../serve/preconditions.js';
import { elapsedProgress } from '../serve/progress.js';
import { servePaths } from '../serve/serve-paths.js';
import { startServe, type Serve } from '../serve/start-serve.js';

interface ServeFlags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly host: string;
  readonly port: number;
}

/** `meshlift serve`: everything in one command, until Ctrl-C. */
export function serveCommand(context: Context = processContext(process)): Command {
  return new Command('serve')
    .description('Start Meshlift: Temporal, the worker and the API in one command, on loopback.')
    .option('--config <file>', 'configuration file (MESHLIFT_CONFIG; default: ~/.config/meshlift/config.yaml)')
    .option('--data-dir <folder>', 'what must outlive a restart (MESHLIFT_DATA_DIR; default: ~/.local/share/meshlift)')
    .addOption(new Option('--port <port>', 'port of the API; 0 chooses a free one').argParser(parsePort).default(8780))
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .action((flags: ServeFlags) => withPreconditions(context, () => serveUntilInterrupted(flags, context)));
}

async function serveUntilInterrupted(flags: ServeFlags, context: Context): Promise<void> {
  const interrupts = listenForInterrupts();
  const { signal } = interrupts;
  interrupts.onSecond(() => process.exit(EXIT.interrupted));
  try {
    const dataDir = resolve(flags.dataDir ?? defaultDataDir(context.env));
    const progress = elapsedProgress(context.err, context.now);
    const { host, port, config } = flags;
    const named = config === undefined ? {} : { configFile: config };
    const serve = await startServe({ dataDir, host, port, progress, signal, env: context.env, ...named });
    interrupts.onSecond(() => {
      serve.kill();
      process.exit(EXIT.interrupted);
    });
    context.out(await introduction(serve, dataDir));
    if (!signal.aborted) await once(signal, 'abort');
    progress('ending; once more Ctrl-C ends it at once ...');
    try {
      await serve.stop();
    } catch (error) {
      serve.kill();
      throw error;
    }
    context.finish(EXIT.done);
  } finally {
    interrupts.close();
  }
}

async function introduction(serve: Serve, dataDir: string): Promise<string> {
  const { token, logs } = servePaths(dataDir);
  const parts = await serve.parts();
  return joined([
    `Meshlift serves at ${serve.url}`,
    ...columns([
      ['  token', `in ${token}`],
      ['  clusters', serve.clusters.length === 0 ? 'none' : serve.clusters.join(', ')],
      ...parts.map(({ part, ready, detail }) => [`  ${part}`, `${ready ? 'ready' : 'not ready'}: ${detail}`]),
      ['  logs', `in ${logs}`],
    ]),
    'Ctrl-C ends it; what is under way goes on at the next start.',
  ]);
}
