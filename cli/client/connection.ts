import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { z } from 'zod';
import { dataPaths, defaultDataDir } from '../../settings/paths.js';
import { UsageError } from '../exit-codes.js';
import type { ApiClientOptions } from './api-client.js';
import { ApiProblem } from './problem.js';

/** What a person may say about the server on the command line. */
export interface ServerChoice {
  readonly server?: string;
  readonly tokenFile?: string;
}

const endpointSchema = z.object({ url: z.url({ protocol: /^https?$/ }) });
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Finds the server and the token: flags, then the environment, then what `meshlift serve` left in its data folder.
 * @throws UsageError for an address that is none; ApiProblem when no server or token is to be found
 */
export async function findServer(choice: ServerChoice, env: NodeJS.ProcessEnv): Promise<ApiClientOptions> {
  const paths = dataPaths(defaultDataDir(env));
  const named = choice.server ?? env['MESHLIFT_SERVER'];
  const url = named === undefined ? await recordedUrl(paths.endpoint) : parseUrl(named);
  const token = await findToken(choice, env, paths.token, named === undefined || LOOPBACK.test(new URL(url).hostname));
  const user = userName();
  return { url, token, ...(user === null ? {} : { user }) };
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '')
    throw new UsageError(`"${text}" is not the address of a server; it has the form http://127.0.0.1:8080`);
  return url.href.replace(/\/+$/, '');
}

async function recordedUrl(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) throw missing(`No Meshlift server is known: ${file} is not there.`);
  try {
    return endpointSchema.parse(JSON.parse(text)).url.replace(/\/+$/, '');
  } catch {
    throw missing(`${file} does not hold the address of a Meshlift server.`);
  }
}

/** @param ours whether the server is one of this machine: the local token is not sent to any other */
async function findToken(choice: ServerChoice, env: NodeJS.ProcessEnv, file: string, ours: boolean): Promise<string> {
  if (choice.tokenFile === undefined && env['MESHLIFT_TOKEN']) return checked(env['MESHLIFT_TOKEN'], 'MESHLIFT_TOKEN');
  if (choice.tokenFile === undefined && !ours)
    throw new UsageError('a server elsewhere needs its own token: give --token-file or MESHLIFT_TOKEN');
  const path = choice.tokenFile ?? file;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw missing(`The token cannot be read: ${(error as Error).message}`);
  });
  return checked(text, path);
}

function checked(text: string, source: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError(`${source} does not hold a token`);
  return token;
}

function missing(detail: string): ApiProblem {
  const hint = 'Start a server with `meshlift serve`, or name one with --server and --token-file.';
  return new ApiProblem({ status: 0, code: 'ServerUnreachable', detail, hint, retryable: false });
}

/** The name under which commands are recorded; null where the system has none that a header can carry. */
function userName(): string | null {
  try {
    const { username } = userInfo();
    return /^[\x21-\x7e]{1,100}$/.test(username) ? username : null;
  } catch {
    return null;
  }
}
