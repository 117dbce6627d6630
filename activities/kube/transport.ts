import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';

/** What is needed to open a request to an API server: address, TLS, and the headers of the moment. */
export interface Target {
  readonly secure: boolean;
  /** Prefix of all paths: some API servers live below one. */
  readonly basePath: string;
  readonly options: RequestOptions;
}

/** One request to the API server. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Path and query, without the server's own prefix. */
  readonly path: string;
  readonly body?: { readonly contentType: string; readonly text: string };
  /** How long the connection may be silent. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal;
}

/** What came of one request. */
export type Outcome =
  | { readonly type: 'answer'; readonly status: number; readonly retryAfterMs: number | null; readonly body: string }
  /** It never reached the server. */
  | { readonly type: 'refused'; readonly cause: string }
  /** It was sent, or partly; whether the server acted on it is not known. */
  | { readonly type: 'cut'; readonly cause: string };

/** Errors after which the server has certainly seen nothing of the request. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'EMFILE',
  'ENFILE',
]);

/** Sends one request and reads the whole answer. Does not throw. */
export async function send(target: Target, call: Call): Promise<Outcome> {
  try {
    const response = await open(target, call);
    const body = await readAll(response);
    return { type: 'answer', status: response.statusCode ?? 0, retryAfterMs: retryAfter(response), body };
  } catch (error) {
    return lost(error as NodeJS.ErrnoException);
  }
}

/** Opens a request whose answer is read piece by piece. @throws the connection's error */
export function open(target: Target, call: Call): Promise<IncomingMessage> {
  const start = target.secure ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = start({
      ...target.options,
      method: call.method,
      // As options, never as a URL: no path can lead to another host.
      path: target.basePath + call.path,
      headers: headersOf(target, call),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    request.once('response', resolve).on('error', reject);
    request.setTimeout(call.silenceMs, () =>
      request.destroy(new Error(`no word from the server for ${Math.round(call.silenceMs / 1000)} s`)),
    );
    request.end(call.body?.text);
  });
}

/** Reads the text of an answer. @throws when the connection ends before the answer does */
export async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The outcome that an error of the connection means. */
export function lost(error: NodeJS.ErrnoException): Outcome {
  const cause = error.message || (error.code ?? 'no reason given');
  // A certificate that is not trusted ends the connection before anything is sent as well.
  const unsent = BEFORE_SENDING.has(error.code ?? '') || /CERT|UNABLE_TO_|SELF_SIGNED/.test(error.code ?? '');
  return { type: unsent ? 'refused' : 'cut', cause };
}

/** What the server asks for in `Retry-After`: seconds, as API servers send it. */
export function retryAfter(response: IncomingMessage): number | null {
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

function headersOf(target: Target, { body }: Call): OutgoingHttpHeaders {
  return {
    ...(target.options.headers as OutgoingHttpHeaders | undefined),
    accept: 'application/json',
    'user-agent': 'meshlift',
    ...(body === undefined
      ? {}
      : { 'content-type': body.contentType, 'content-length': Buffer.byteLength(body.text, 'utf8') }),
  };
}
