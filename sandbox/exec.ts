import { execa, ExecaError } from 'execa';

/** How a tool is run. `env` is added to the environment of this process. */
export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** A tool that failed; the message ends with the last lines of its output. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/**
 * Runs a tool to its end and gives its standard output. Never through a shell.
 * @throws ToolError with the command and the last lines of its output
 */
export async function runTool(file: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  try {
    const result = await execa(file, args, {
      ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      maxBuffer: 64 * 1024 * 1024,
      forceKillAfterDelay: 5_000,
    });
    return result.stdout;
  } catch (error) {
    throw error instanceof ExecaError ? toToolError(error as ExecaError) : error;
  }
}

function toToolError(error: ExecaError): ToolError {
  // Spinners of istioctl write the same line again and again.
  const lines = [error.stdout, error.stderr].map(String).join('\n').trim().split('\n');
  const told = lines.filter((line, index) => line !== lines[index - 1]);
  return new ToolError(`${error.shortMessage}\n${told.slice(-15).join('\n')}`);
}
