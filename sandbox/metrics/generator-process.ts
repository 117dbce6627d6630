/**
 * The sandbox's stand-in for a mesh with traffic, as a process of its own: it follows the pods and says what their sidecars and
 * istiods would say. Arguments: the sandbox's folder, the port.
 */
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAdmin } from '../cluster/admin-client.js';
import { conductOrderSchema } from './conduct.js';
import { createPopulation } from './population.js';
import { createTraffic } from './traffic.js';

const [dir = '.', port = '0'] = process.argv.slice(2);
const adminKubeconfig = join(dir, 'admin.kubeconfig');
const population = createPopulation();
const traffic = createTraffic(population);

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/metrics') {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(traffic.render(Date.now() / 1_000));
    return;
  }
  if (request.url !== '/conduct') {
    response.writeHead(404).end();
    return;
  }
  if (request.method === 'POST') {
    const order = conductOrderSchema.safeParse(await readBody(request));
    if (!order.success) {
      response.writeHead(400).end(order.error.message);
      return;
    }
    traffic.order(order.data);
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(traffic.orders()));
}

const server = createServer((request, response) => {
  respond(request, response).catch((error: unknown) => response.writeHead(400).end(String(error)));
});
server.listen(Number(port), '127.0.0.1');

let ending = false;
process.once('SIGTERM', () => {
  ending = true;
  process.exit(0);
});

async function follow(): Promise<void> {
  const admin = await connectAdmin(adminKubeconfig);
  population.clear();
  // Without a resource version a watch begins with what is there: nothing falls between list and watch.
  for await (const { type, object } of admin.watch('/api/v1/pods')) {
    if (type === 'ERROR') return;
    population.apply(type, object);
  }
}

while (!ending) {
  try {
    if (existsSync(adminKubeconfig)) await follow();
  } catch (error) {
    console.log(`${new Date().toISOString()} ${(error as Error).message}`);
  }
  await delay(100);
}
