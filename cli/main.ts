#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { assetPath } from '../settings/node-command.js';
import { clientCommands } from './client/client-commands.js';
import { processContext } from './client/context.js';
import { createProgram, runCli } from './client/run-cli.js';
import { demoCommand } from './commands/demo.js';
import { sandboxCommand } from './commands/sandbox.js';
import { serveCommand } from './commands/serve.js';

const packageFile = assetPath(new URL('../package.json', import.meta.url));
const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packageFile, 'utf8')));

// `meshlift get shop | head -1` closes the pipe early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const context = processContext(process);
const program = createProgram(version, [...clientCommands(context), serveCommand(), sandboxCommand(), demoCommand()]);
await runCli(program, process.argv.slice(2), context);
