import { readFile } from 'node:fs/promises';
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { parse } from 'yaml';

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { server: string; 'certificate-authority-data': string } }[];
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

/** One answer of the API server. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/** The API server without any library, limit or politeness between: many requests at the same instant. */
export interface RawHttp {
  /** @throws Error when the answer is no success */
  send(method: string, path: string, body?: object): Promise<RawAnswer>;
  /** Lines of a watch, until it ends or is closed. */
  lines(path: string): AsyncIterable<string>;
  close(): void;
}

/** More streams than one connection may have go over several. */
const CONNECTIONS = 4;
/** Bytes that may be on their way unread. */
const WINDOW = 16 * 1024 * 1024;

/** Connects as the first user of a kubeconfig. @param agent name in the audit log */
export async function connectRaw(kubeconfigFile: string, agent: string, connections = CONNECTIONS): Promise<RawHttp> {
  const config = parse(await readFile(kubeconfigFile, 'utf8')) as Kubeconfig;
  const [entry] = config.clusters;
  const [who] = config.users;
  if (entry === undefined || who === undefined) throw new Error(`${kubeconfigFile} names no cluster or no user`);
  const ca = Buffer.from(entry.cluster['certificate-authority-data'], 'base64').toString();
  const newSession = () => openSession(entry.cluster.server, ca);
  const sessions = await Promise.all(Array.from({ length: connections }, newSession));
  let turn = 0;

  /** The server may end a connection at any time: then there is a new one. */
  const nextSession = async () => {
    const index = turn++ % connections;
    const session = sessions[index];
    if (session !== undefined && !session.destroyed && !session.closed) return session;
    return (sessions[index] = await newSession());
  };

  const open = async (method: string, path: string, body?: object) => {
    const session = await nextSession();
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const stream = session.request({
      ':method': method,
      ':path': path,
      authorization: `Bearer ${who.user.token}`,
      accept: 'application/json',
      'user-agent': agent,
      ...(body === undefined ? {} : { 'content-type': type }),
    });
    stream.end(body === undefined ? undefined : JSON.stringify(body));
    return new Promise<{ status: number; stream: ClientHttp2Stream }>((resolve, reject) => {
      stream.once('response', (headers) => resolve({ status: headers[':status'] ?? 0, stream }));
      stream.on('error', reject);
    });
  };

  return {
    async send(method, path, body) {
      const { status, stream } = await open(method, path, body);
      const text = await readAll(stream);
      if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
      return { status, body: text };
    },
    async *lines(path) {
      const { status, stream } = await open('GET', path);
      if (status !== 200) throw new Error(`GET ${path}: ${status}`);
      let rest = '';
      for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
        const parts = (rest + chunk).split('\n');
        rest = parts.pop() ?? '';
        yield* parts.filter((line) => line !== '');
      }
    },
    close: () => sessions.forEach((session) => session.destroy()),
  };
}

function openSession(server: string, ca: string): Promise<ClientHttp2Session> {
  // A watch that is read too slowly is ended by the server; the usual window of 64 KiB is a few pods.
  const session = connect(server, { ca, settings: { initialWindowSize: WINDOW } });
  session.once('connect', () => session.setLocalWindowSize(WINDOW));
  return new Promise((resolve, reject) => {
    session.once('connect', () => {
      session.off('error', reject);
      // An API server that is taken away ends its connections; requests under way fail by themselves.
      session.on('error', () => undefined);
      resolve(session);
    });
    session.once('error', reject);
  });
}

async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
