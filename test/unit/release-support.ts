/** Release archives of a few bytes, signed by real keys, and a real HTTP server that serves them and breaks when it is told to. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import type { Release } from '../../domain/release.js';
import type { DownloadPolicy } from '../../settings/download-policy.js';

export const VERSION = '9.9.9-test.1';
export const ARCHIVE = `istio-${VERSION}-linux-amd64.tar.gz`;
export const ZIP_ARCHIVE = `istio-${VERSION}-win.zip`;

/** As a configuration has it that allows plain http to this machine. */
export const POLICY: DownloadPolicy = { hosts: new Set(['127.0.0.1']), loopbackHttp: true };

export interface TarEntry {
  readonly path: string;
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link';
  readonly content?: string | Buffer;
  /** What the header says instead of the true size. */
  readonly size?: number;
  readonly mode?: number;
  readonly linkpath?: string;
}

/** A gzipped tar of exactly these entries, also of such that no tool would write. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return gzipSync(Buffer.concat([...entries.flatMap(tarBlocks), Buffer.alloc(1024)]));
}

function tarBlocks({ path, type = 'File', content = '', linkpath, ...claims }: TarEntry): Buffer[] {
  const bytes = Buffer.from(content);
  const { size = bytes.length, mode = modeOf(path, type) } = claims;
  const header = Buffer.alloc(512);
  new Header({ path, type, size, mode, mtime: new Date(0), ...(linkpath === undefined ? {} : { linkpath }) }).encode(
    header,
    0,
  );
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}

function modeOf(path: string, type: string): number {
  return type === 'Directory' || path.includes('/bin/') ? 0o755 : 0o644;
}

/** The layout of the guide, with an istioctl that says this version. */
export function releaseEntries(says = VERSION): TarEntry[] {
  const top = `istio-${VERSION}`;
  return [
    { path: `${top}/`, type: 'Directory' },
    { path: `${top}/bin/`, type: 'Directory' },
    { path: `${top}/bin/istioctl`, content: `#!/bin/sh\n[ "$1 $2" = "version --remote=false" ] && echo ${says}\n` },
    { path: `${top}/manifests/profiles/asm-multicloud.yaml`, content: 'spec: {}\n' },
    // Bytes that do not compress, so that the archive can be cut in its middle.
    {
      path: `${top}/samples/noise`,
      content: generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ type: 'pkcs1', format: 'pem' })
        .toString(),
    },
    // What a run does not need stays in the archive.
    { path: `${top}/LICENSE`, content: 'do as you like\n' },
    { path: `${top}/tools/dump.sh`, content: 'exit 1\n' },
  ];
}

export interface Key {
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function newKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(), privateKey };
}

export function signatureOf(archive: Buffer, { privateKey }: Key): Buffer {
  return sign('sha256', archive, privateKey);
}

export function releaseAt(baseUrl: string, { publicKey }: Key): Release {
  return {
    version: VERSION,
    role: 'target',
    driver: 'asm-1.6',
    revision: 'test-999-1',
    profile: 'asm-multicloud',
    sources: [],
    routes: [],
    kubernetes: { min: '1.15', max: '1.21' },
    baseUrl,
    publicKey,
    signatureSuffix: '.1.sig',
    archives: { linux: { file: ARCHIVE }, darwin: { file: ARCHIVE }, win32: { file: ZIP_ARCHIVE } },
  };
}

export type Fault = 'none' | 'unavailable' | 'missing' | 'stalls' | 'dies' | 'redirects' | 'ignoresRanges';

export interface FileServer {
  readonly baseUrl: string;
  readonly files: Map<string, Buffer>;
  /** `GET name range` of each request. */
  readonly requests: string[];
  /** What goes wrong with the next requests for archives, one each. */
  readonly faults: Fault[];
  /** Cuts every connection that is open. */
  cut(): void;
  close(): Promise<void>;
}

export async function startFileServer(): Promise<FileServer> {
  const files = new Map<string, Buffer>();
  const requests: string[] = [];
  const faults: Fault[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? '').split('/').at(-1) ?? '';
    requests.push([name, request.headers.range].filter(Boolean).join(' '));
    const fault = name.endsWith('.sig') ? 'none' : (faults.shift() ?? 'none');
    serve(files.get(name), fault, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/asm`,
    files,
    requests,
    faults,
    cut: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serve(file: Buffer | undefined, fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  if (fault === 'unavailable') response.writeHead(503, { 'retry-after': '7' }).end('out of order');
  else if (fault === 'redirects') response.writeHead(302, { location: 'https://elsewhere.example/evil' }).end();
  else if (file === undefined || fault === 'missing') response.writeHead(404).end();
  else sendFrom(file, fault === 'ignoresRanges' ? undefined : request.headers.range, fault, response);
}

function sendFrom(file: Buffer, range: string | undefined, fault: Fault, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (start >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    return;
  }
  const body = file.subarray(start);
  response.writeHead(range === undefined ? 200 : 206, {
    'content-length': body.length,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` }),
  });
  const half = body.subarray(0, Math.floor(body.length / 2));
  if (fault === 'stalls') response.write(half);
  else if (fault === 'dies') response.write(half, () => response.destroy());
  else response.end(body);
}
