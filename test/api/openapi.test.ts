import { describe, expect, it } from 'vitest';
import { testApp } from './support/test-app.js';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: string[];
  readonly security?: object[];
  readonly parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  readonly requestBody?: { content: Record<string, { schema: object }> };
  readonly responses: Record<string, { description?: string; content?: Record<string, { schema: object }> }>;
}
interface Document {
  readonly openapi: string;
  readonly info: { title: string; version: string };
  readonly tags: { name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { securitySchemes: object };
  readonly security: object[];
}

const ROUTES = [
  'GET /healthz',
  'GET /openapi.json',
  'GET /readyz',
  'GET /v1/checks',
  'GET /v1/clusters',
  'GET /v1/clusters/{cluster}',
  'GET /v1/releases',
  'GET /v1/upgrades',
  'GET /v1/upgrades/{cluster}/{runId}',
  'GET /v1/upgrades/{cluster}/{runId}/events',
  'GET /v1/upgrades/{cluster}/{runId}/operations',
  'GET /v1/upgrades/{cluster}/{runId}/workloads',
  'POST /v1/plans',
  'POST /v1/upgrades',
  'POST /v1/upgrades/{cluster}/{runId}/cancel',
  'POST /v1/upgrades/{cluster}/{runId}/pause',
  'POST /v1/upgrades/{cluster}/{runId}/policy',
  'POST /v1/upgrades/{cluster}/{runId}/promote',
  'POST /v1/upgrades/{cluster}/{runId}/resume',
  'POST /v1/upgrades/{cluster}/{runId}/retry',
  'POST /v1/upgrades/{cluster}/{runId}/rollback',
  'POST /v1/upgrades/{cluster}/{runId}/skip',
];

async function readDocument(): Promise<{ document: Document; text: string; registered: string }> {
  const { app } = await testApp();
  const response = await app.inject('/openapi.json');
  return { document: response.json(), text: response.body, registered: app.printRoutes({ commonPrefix: false }) };
}

/** No validator of the OpenAPI schema is among the packages of the project: the rules that matter are checked one by one. */
describe('/openapi.json', () => {
  it('is an OpenAPI 3.1 document that lists every route', async () => {
    const { document, registered } = await readDocument();
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: 'Meshlift', version: expect.any(String) as string });
    const listed = operationsOf(document).map(({ route }) => route);
    expect(listed.sort()).toEqual(ROUTES);
    expect(registered.match(/\((GET|POST)/g)).toHaveLength(ROUTES.length - sharedPaths(listed));
  });

  it('gives every operation a unique id, a summary, a known tag and described responses', async () => {
    const { document } = await readDocument();
    const operations = operationsOf(document);
    const tags = document.tags.map(({ name }) => name);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { route, operation } of operations) {
      expect([route, operation.summary]).toEqual([route, expect.any(String)]);
      expect([route, tags]).toEqual([route, expect.arrayContaining(operation.tags ?? ['none'])]);
      expect([route, Object.keys(operation.responses)]).toEqual([route, expect.arrayContaining(['default'])]);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^([1-5]\d\d|[1-5]XX|default)$/);
        expect([route, status, response.description]).not.toContain('Default Response');
      }
    }
  });

  it('declares exactly the parameters of each path', async () => {
    const { document } = await readDocument();
    for (const { route, operation } of operationsOf(document)) {
      const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect([route, declared.map(({ name }) => name)]).toEqual([route, inPath]);
      expect(declared.every(({ required }) => required === true)).toBe(true);
    }
  });

  it('asks for the token everywhere but at the service itself', async () => {
    const { document } = await readDocument();
    expect(document.security).toEqual([{ token: [] }]);
    expect(document.components.securitySchemes).toHaveProperty('token');
    for (const { route, operation } of operationsOf(document)) {
      expect([route, operation.security]).toEqual([route, route.includes('/v1/') ? undefined : []]);
    }
  });

  it('has no dangling reference and nothing of JSON Schema that 3.1 does not know', async () => {
    const { document, text } = await readDocument();
    for (const [, pointer] of text.matchAll(/"\$ref":"#([^"]+)"/g)) {
      expect([pointer, resolve(document, pointer ?? '')]).not.toContain(undefined);
    }
    expect(text).not.toMatch(/"nullable":|"\$schema":|"definitions":/);
  });

  it('describes what is sent and what is answered', async () => {
    const { document } = await readDocument();
    const start = operationOf(document, 'POST /v1/upgrades');
    expect(start.requestBody?.content['application/json']?.schema).toMatchObject({
      type: 'object',
      required: expect.arrayContaining(['cluster', 'release']) as string[],
      additionalProperties: false,
    });
    expect(start.parameters?.map(({ name }) => name)).toContain('idempotency-key');
    expect(start.responses['default']?.content).toHaveProperty('application/problem+json');
    const events = operationOf(document, 'GET /v1/upgrades/{cluster}/{runId}/events');
    expect(events.responses['200']?.content).toHaveProperty('text/event-stream');
  });
});

function operationsOf({ paths }: Document): { route: string; operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
  );
}

function operationOf(document: Document, route: string): Operation {
  return operationsOf(document).find((entry) => entry.route === route)!.operation;
}

/** The framework prints a path with two methods once. */
function sharedPaths(routes: readonly string[]): number {
  const paths = routes.map((route) => route.split(' ')[1]);
  return paths.length - new Set(paths).size;
}

function resolve(document: object, pointer: string): unknown {
  return pointer
    .split('/')
    .filter((part) => part !== '')
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], document);
}
