import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What can go wrong with the bucket, on request. */
export interface BucketFault {
  /** Answer the next so many requests with 503. */
  readonly unavailable?: number;
  /** Serve a signature of something else. */
  readonly wrongSignature?: boolean;
  /** Announce the whole archive and end in the middle. */
  readonly truncate?: boolean;
  /** Serve that many bytes per second. */
  readonly bytesPerSecond?: number;
}

/** A local stand-in for the buckets of the vendor and of upstream: the same paths, over plain HTTP on loopback. */
export interface Bucket {
  readonly origin: string;
  close(): Promise<void>;
}

/** The vendor's folder of releases (guide, step 3) and upstream's, which has one folder for each version. */
const PUBLISHED =
  /^(\/gke-release\/asm|\/istio-release\/releases\/(?<version>[\d.]+))\/(?<name>istio-[\w.-]+\.(gz|zip|sig|sha256))$/;

/**
 * Serves a folder of archives under the paths that they are published at.
 * @param faults asked at each request, so that faults can come and go
 */
export async function startBucket(archivesDir: string, faults: () => Promise<BucketFault>): Promise<Bucket> {
  let refused = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const fault = await faults();
      if (refused < (fault.unavailable ?? 0)) {
        refused++;
        response.writeHead(503, { 'retry-after': '1' }).end('the bucket is out of order');
        return;
      }
      await serveFile(archivesDir, fault, request, response);
    })().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serveFile(
  dir: string,
  fault: BucketFault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const found = await findFile(dir, request);
  if (found === null) {
    response.writeHead(404).end();
    return;
  }
  if (fault.wrongSignature === true && found.file.endsWith('.sig')) {
    const signature = await readFile(found.file);
    // The last bytes are part of a number: another number is still well-formed, and wrong.
    response.end(Buffer.concat([signature.subarray(0, -1), Buffer.from([(signature.at(-1) ?? 0) ^ 1])]));
    return;
  }
  const { file, size } = found;
  const start = startOfRange(request.headers.range, size);
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': size - start,
    'accept-ranges': 'bytes',
    ...(start > 0 ? { 'content-range': `bytes ${start}-${size - 1}/${size}` } : {}),
  });
  if (request.method === 'HEAD') response.end();
  else await sendBody(file, { start, size, fault }, response);
}

/** The archive, signature or sum that a request asks for; null for everything else, the signing key above all. */
async function findFile(dir: string, request: IncomingMessage): Promise<{ file: string; size: number } | null> {
  const path = new URL(request.url ?? '/', 'http://bucket').pathname;
  const { name, version } = PUBLISHED.exec(path)?.groups ?? {};
  if (name === undefined || !['GET', 'HEAD'].includes(request.method ?? '')) return null;
  if (version !== undefined && !name.startsWith(`istio-${version}-`)) return null;
  const size = await sizeOf(join(dir, name));
  return size === null ? null : { file: join(dir, name), size };
}

async function sendBody(
  file: string,
  { start, size, fault }: { start: number; size: number; fault: BucketFault },
  response: ServerResponse,
): Promise<void> {
  const cut = fault.truncate === true && file.endsWith('.gz');
  const end = cut ? start + Math.floor((size - start) / 2) : size - 1;
  const { bytesPerSecond } = fault;
  for await (const chunk of createReadStream(file, { start, end })) {
    const bytes = chunk as Buffer;
    response.write(bytes);
    if (bytesPerSecond === undefined) continue;
    await new Promise((resolve) => setTimeout(resolve, (bytes.length / bytesPerSecond) * 1000));
  }
  if (cut) response.destroy();
  else response.end();
}

function startOfRange(header: string | undefined, size: number): number {
  const start = Number(/^bytes=(\d+)-$/.exec(header ?? '')?.[1] ?? 0);
  return start < size ? start : 0;
}

async function sizeOf(file: string): Promise<number | null> {
  return stat(file).then(
    (found) => found.size,
    () => null,
  );
}
