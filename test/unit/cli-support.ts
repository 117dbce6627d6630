import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { initialState } from '../../domain/phases.js';
import { upgradeOptionsSchema, type Plan } from '../../domain/plan.js';
import { effectivePolicy } from '../../domain/policy/effective.js';
import { reduce } from '../../domain/reduce.js';
import type { RunEvent, RunState } from '../../domain/run.js';
import type { WorkloadProgress } from '../../domain/workload.js';
import { clientCommands } from '../../cli/client/client-commands.js';
import type { Context } from '../../cli/client/context.js';
import { createProgram, runCli } from '../../cli/client/run-cli.js';

/** The nth second of the run's day. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 5, 9, 0, seconds)).toISOString();
}

/** A plan of two waves and six namespaces. */
export const PLAN: Plan = {
  cluster: 'shop',
  release: '1.6.14-asm.2',
  route: {
    from: { version: '1.6.13', revision: 'default', sidecar: { revision: 'default', proxyTag: '1.6.13' } },
    to: {
      version: '1.6.14-asm.2',
      revision: 'asm-1614-2',
      sidecar: { revision: 'asm-1614-2', proxyTag: '1.6.14-asm.2' },
    },
  },
  options: upgradeOptionsSchema.parse({ canary: ['catalog'] }),
  policy: effectivePolicy(upgradeOptionsSchema.parse({})),
  findings: [],
  waves: [
    { name: 'canary', namespaces: ['catalog'], gate: 'canary' },
    { name: 'rest', namespaces: ['cart', 'orders', 'payments'], gate: 'finalize' },
  ],
  commands: ['istioctl install --set profile=asm-multicloud --set revision=asm-1614-2'],
  totals: { namespaces: 4, workloads: 12, pods: 40 },
  estimateMinutes: { from: 6, to: 11 },
  hash: 'a'.repeat(64),
};

type Unstamped = RunEvent extends infer Event ? (Event extends RunEvent ? Omit<Event, 'at'> : never) : never;

/** The state after these events, which come one per ten seconds; made by the true state machine. */
export function stateAfter(...events: readonly Unstamped[]): RunState {
  const begun = initialState({
    cluster: 'shop',
    release: '1.6.14-asm.2',
    runId: 'run-1',
    requestedBy: 'amy',
    at: at(0),
  });
  return events.reduce<RunState>((state, event, index) => reduce(state, { ...event, at: at(10 * (index + 1)) }), begun);
}

/** Everything up to the first wave. */
export const UP_TO_CANARY: readonly Unstamped[] = [
  { type: 'planned', plan: PLAN },
  { type: 'preflightFinished', findings: [] },
  { type: 'prepared' },
  { type: 'installed' },
  { type: 'verified' },
];

/** Everything up to the gate after the first wave. */
export const UP_TO_GATE: readonly Unstamped[] = [
  ...UP_TO_CANARY,
  { type: 'namespaceStarted', namespace: 'catalog', direction: 'forward' },
  { type: 'namespaceFinished', namespace: 'catalog', direction: 'forward', workloads: 3, pods: 9 },
  { type: 'waveFinished' },
];

/** Everything up to one namespace moving in the last wave. */
export const INTO_THE_REST: readonly Unstamped[] = [
  ...UP_TO_GATE,
  { type: 'promoted', gate: 'canary', by: 'ben' },
  { type: 'namespaceStarted', namespace: 'cart', direction: 'forward' },
];

export function progress(
  name: string,
  status: WorkloadProgress['status'],
  [moved, desired]: readonly [number, number],
  detail?: string,
): WorkloadProgress {
  const workload = { kind: 'Deployment' as const, namespace: 'cart', name };
  return { workload, status, moved, desired, ...(detail === undefined ? {} : { detail }) };
}

/** A request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export interface TestServer {
  readonly url: string;
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** A real HTTP server on loopback that answers as the test says and keeps what it was asked. */
export async function startServer(answer: (seen: Seen, response: ServerResponse) => void): Promise<TestServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const { method = '', url = '', headers } = request;
      const one = { method, path: url, headers, body: text === '' ? null : (JSON.parse(text) as unknown) };
      seen.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
  response.end(JSON.stringify(body));
}

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line of the client in this process. */
export async function meshlift(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CliResult> {
  let code = 0;
  let out = '';
  let err = '';
  const context: Context = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env,
    tty: false,
    color: false,
    width: 100,
    now: () => Date.parse(at(0)),
    finish: (exitCode) => void (code = exitCode),
    interrupted: () => new AbortController().signal,
  };
  await runCli(createProgram('0.0.0', clientCommands(context)), args, context);
  return { code, out, err };
}
