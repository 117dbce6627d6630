/**
 * A stand-in for an API server: plain HTTP on loopback that answers as the Kubernetes API documents it, and breaks when it is told to.
 * The real API server is met in the end-to-end tests.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubeClient, type KubeClientOptions } from '../../activities/kube/connect.js';
import type { Clock } from '../../activities/kube/token-bucket.js';
import type { KubeClient } from '../../activities/kube/types.js';
import type { RegisteredCluster } from '../../settings/settings.js';
import { readBody } from '../support/read-body.js';

export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** Answers one request. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

export interface FakeApiServer {
  readonly cluster: RegisteredCluster;
  readonly kubeconfig: string;
  readonly requests: SeenRequest[];
  /** Every wait that the client asked its clock for, in milliseconds. */
  readonly waits: number[];
  readonly clock: Clock;
  /** The answers to come, one per request; the last one is repeated. */
  answer(...answers: readonly Answer[]): void;
  client(options?: KubeClientOptions): KubeClient;
  writeKubeconfig(token: string): Promise<void>;
  /** Stops listening: connections are refused from now on. */
  goAway(): Promise<void>;
  close(): Promise<void>;
}

export const json =
  (body: object, status = 200, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

/** An error as the API server words it. */
export const status = (code: number, reason: string, message = reason, headers: Record<string, string> = {}): Answer =>
  json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }, code, headers);

/** Cuts the connection without an answer. */
export const cut: Answer = (response) => void response.socket?.destroy();

/** Lines of a watch, then the end of the connection, unless it is to stay open. */
export const lines =
  (events: readonly object[], end: 'end' | 'cut' | 'stay' = 'end'): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    if (end === 'end') response.end();
    if (end === 'cut') response.write('{"type":"ADDED","obj', () => response.socket?.destroy());
    if (end === 'stay') response.flushHeaders();
  };

export async function startFakeApiServer(): Promise<FakeApiServer> {
  const dir = await mkdtemp(join(tmpdir(), 'meshlift-kube-'));
  const requests: SeenRequest[] = [];
  const waits: number[] = [];
  let answers: Answer[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const text = await readBody(request);
      if (text === null) return;
      const seen: SeenRequest = {
        method: request.method ?? '',
        url: new URL(`http://api${request.url ?? ''}`),
        headers: request.headers,
        body: text === '' ? null : JSON.parse(text),
      };
      requests.push(seen);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      (answer ?? status(500, 'InternalError', 'the test expected no request'))(response, seen);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(dir, 'kubeconfig');
  const cluster: RegisteredCluster = { id: 'prod', kubeconfig, role: 'user', labels: {} };
  let time = 0;
  const clock: Clock = {
    now: () => time,
    sleep: (ms) => {
      waits.push(Math.round(ms));
      time += ms;
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
  const goAway = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const writeKubeconfig = (token: string) => writeFile(kubeconfig, kubeconfigText(port, token));
  await writeKubeconfig('first-token');
  return {
    cluster,
    kubeconfig,
    requests,
    waits,
    clock,
    answer: (...next) => void (answers = [...next]),
    client: (options = {}) => createKubeClient(cluster, { clock, random: () => 0.5, ...options }),
    writeKubeconfig,
    goAway,
    async close() {
      await goAway();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function kubeconfigText(port: number, token: string): string {
  return `apiVersion: v1
kind: Config
current-context: here
contexts:
  - { name: here, context: { cluster: fake, user: tester } }
clusters:
  - { name: fake, cluster: { server: 'http://127.0.0.1:${port}/behind', insecure-skip-tls-verify: true } }
users:
  - { name: tester, user: { token: ${token} } }
`;
}
