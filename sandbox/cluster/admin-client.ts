import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';

/** An object of the API server, as far as the sandbox reads it. */
export interface ClusterObject {
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** One line of a watch. */
export interface ClusterEvent {
  readonly type: string;
  readonly object: ClusterObject;
}

/** The sandbox's own, small way to its API server. */
export interface AdminClient {
  /** @returns the parsed answer; null when there is no such object. @throws Error with the server's message */
  send(method: string, path: string, body?: object): Promise<ClusterObject | null>;
  /** The lines of one watch connection, until the server ends it. */
  watch(path: string): AsyncIterable<ClusterEvent>;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { server: string; 'certificate-authority-data': string } }[];
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

/** Connects as the first user of a kubeconfig of this sandbox. */
export async function connectAdmin(kubeconfigFile: string): Promise<AdminClient> {
  const config = parse(await readFile(kubeconfigFile, 'utf8')) as Kubeconfig;
  const [entry] = config.clusters;
  const [who] = config.users;
  if (entry === undefined || who === undefined) throw new Error(`${kubeconfigFile} names no cluster or no user`);
  const ca = Buffer.from(entry.cluster['certificate-authority-data'], 'base64').toString();
  const agent = new Agent({ keepAlive: true, ca });

  const open = (method: string, path: string, body?: object) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const call = request(new URL(path, entry.cluster.server), {
        method,
        agent,
        headers: {
          authorization: `Bearer ${who.user.token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': contentType(method) }),
        },
      });
      call.once('response', resolve).on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });

  return {
    async send(method, path, body) {
      const response = await open(method, path, body);
      const text = await readAll(response);
      if (response.statusCode === 404) return null;
      if ((response.statusCode ?? 500) >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
      return text.startsWith('{') ? (JSON.parse(text) as ClusterObject) : { metadata: { name: '' }, text };
    },
    async *watch(path) {
      const response = await open('GET', `${path}${path.includes('?') ? '&' : '?'}watch=true`);
      if (response.statusCode !== 200) throw new Error(`watch ${path}: ${await readAll(response)}`);
      for await (const line of createInterface({ input: response })) yield JSON.parse(line) as ClusterEvent;
    },
  };
}

function contentType(method: string): string {
  return method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
