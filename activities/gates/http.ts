import { request as plain, type IncomingMessage } from 'node:http';
import { request as encrypted } from 'node:https';

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** PEM of the authorities that are trusted instead of the system's. */
  readonly ca?: string;
  /** From the first byte sent to the last one received. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  readonly text: string;
}

/** More of an answer is not read: one number, or some hundred characters, are wanted. */
const MAX_BYTES = 1024 * 1024;

/**
 * One POST. No redirect is followed: what is sent, and who answers, is for the registered address only.
 * @throws Error that says why no answer came; the reason of the signal when that aborts
 */
export async function post({ url, headers, body, ca, timeoutMs, signal }: Post): Promise<PostAnswer> {
  const late = AbortSignal.timeout(timeoutMs);
  const send = url.protocol === 'https:' ? encrypted : plain;
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { method: 'POST', headers, signal: AbortSignal.any([signal, late]), ...(ca && { ca }) };
      // The listener stays: an error that nobody hears would end the worker.
      send(url, options, resolve).on('error', reject).end(body);
    });
    return { status: response.statusCode ?? 0, text: await read(response) };
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) throw new Error(`no answer within ${timeoutMs / 1_000} s`, { cause: error });
    throw new Error(reasonOf(error as NodeJS.ErrnoException), { cause: error });
  }
}

/** An address that cannot be reached by any of its ways says nothing in its message. */
function reasonOf({ message, code }: NodeJS.ErrnoException): string {
  return message === '' ? (code ?? 'no connection') : message;
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
