/**
 * A proxy on loopback in front of the API server of a sandbox, that breaks what it is told to break. It shows the API
 * server's own certificate, so that a client verifies it as it verifies the server; HTTP/1.1, so that each request stands alone.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { Agent, createServer, request as httpsRequest, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Sandbox } from '../../sandbox/sandbox.js';

/** One request on its way, and what can be done with it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly userAgent: string;
  readonly body: string;
  readonly isWatch: boolean;
  /** Changes an object: no dry run, and no question in the form of an object. */
  readonly isMutation: boolean;
  /** Sends it on and gives the answer back, piece by piece. */
  forward(): Promise<void>;
  /** Sends it on and keeps the answer: the server has acted, and the client does not know. @returns the status */
  swallow(): Promise<number>;
  /** Answers in place of the server. */
  answer(status: number, body: object | null, headers?: Record<string, string>): void;
  /** Answers `200` and nothing more. */
  answerHalf(): void;
  /** Breaks the connection. */
  reset(): void;
}

/** What is done with a request. */
export type Fault = (exchange: Exchange) => void | Promise<void>;

interface Rule {
  readonly matches: (exchange: Exchange) => boolean;
  readonly fault: Fault;
  left: number;
}

export interface FaultProxy {
  /** Like the sandbox's own, but for the port. */
  readonly kubeconfig: string;
  /** A configuration of Meshlift that reaches the sandbox through the proxy. */
  readonly configFile: string;
  /** From now on, these requests meet this fault, the given number of times. @returns takes the rule back, with the number of requests that met it */
  on(matches: (exchange: Exchange) => boolean, fault: Fault, times?: number): () => number;
  /** Nobody listens any more, and every connection is cut. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy in front of a sandbox that is up. It has no faults yet. */
export async function startFaultProxy(sandbox: Sandbox): Promise<FaultProxy> {
  const [cert, key] = await Promise.all(
    ['apiserver.crt', 'apiserver.key'].map((file) => readFile(join(sandbox.dir, 'pki', file))),
  );
  const target = new URL(sandbox.apiServer);
  const agent = new Agent({ keepAlive: true, ...(cert === undefined ? {} : { ca: cert }) });
  const rules: Rule[] = [];
  const sockets = new Set<Duplex>();

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const exchange = await openExchange({ request, response, target, agent });
    const rule = rules.find((candidate) => candidate.left > 0 && candidate.matches(exchange));
    if (rule === undefined) return exchange.forward();
    rule.left -= 1;
    await rule.fault(exchange);
  };
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const server = createServer({ cert, key }, (request, response) => {
        handle(request, response).catch(() => response.destroy());
      });
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket)).on('error', () => undefined);
      });
      server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
    });

  let server: Server | null = await listen(0);
  const { port } = server.address() as AddressInfo;
  const goAway = async () => {
    const gone = new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
    server = null;
    for (const socket of sockets) socket.destroy();
    await gone;
  };
  const files = await writeFiles(sandbox, port);
  return {
    ...files,
    on(matches, fault, times = Infinity) {
      let met = 0;
      const counted: Fault = (exchange) => {
        met += 1;
        return fault(exchange);
      };
      const rule: Rule = { matches, fault: counted, left: times };
      // The latest rule comes first.
      rules.unshift(rule);
      return () => {
        if (rules.includes(rule)) rules.splice(rules.indexOf(rule), 1);
        return met;
      };
    },
    goAway,
    async comeBack() {
      server ??= await listen(port);
    },
    async close() {
      await goAway();
      agent.destroy();
    },
  };
}

async function writeFiles(sandbox: Sandbox, port: number) {
  const throughProxy = (text: string) => text.replaceAll(sandbox.apiServer, `https://127.0.0.1:${port}`);
  const kubeconfig = join(sandbox.dir, `proxied-${port}.kubeconfig`);
  await writeFile(kubeconfig, throughProxy(await readFile(sandbox.kubeconfig, 'utf8')), { mode: 0o600 });
  const configFile = join(sandbox.dir, `proxied-${port}.yaml`);
  const config = await readFile(sandbox.configFile, 'utf8');
  await writeFile(configFile, config.replaceAll(sandbox.kubeconfig, kubeconfig), { mode: 0o600 });
  return { kubeconfig, configFile };
}

interface Connection {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: URL;
  readonly agent: Agent;
}

async function openExchange({ request, response, target, agent }: Connection): Promise<Exchange> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const url = new URL(request.url ?? '/', target);
  const method = request.method ?? 'GET';

  const send = () =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const options = { method, agent, headers: { ...request.headers, host: target.host } };
      const upstream = httpsRequest(url, options, resolve).on('error', reject);
      response.once('close', () => upstream.destroy());
      upstream.end(body);
    });
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    userAgent: request.headers['user-agent'] ?? '',
    body: body.toString('utf8'),
    isWatch: url.searchParams.get('watch') === 'true' || url.searchParams.get('watch') === '1',
    isMutation: method !== 'GET' && !url.searchParams.has('dryRun') && !url.pathname.startsWith('/apis/authorization'),
    async forward() {
      const answer = await send();
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => response.destroy()).pipe(response);
      response.flushHeaders();
    },
    async swallow() {
      const answer = await send();
      answer.resume();
      await once(answer, 'end');
      return answer.statusCode ?? 0;
    },
    answer(status, content, headers = {}) {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(content === null ? undefined : JSON.stringify(content));
    },
    answerHalf() {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
    },
    reset: () => void request.socket.destroy(),
  };
}
