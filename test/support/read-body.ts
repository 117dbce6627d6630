import type { IncomingMessage } from 'node:http';

/** What a client of a test's own server sends; null when it goes away before all of it is there, as one may that waits no longer. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString();
}
