import swagger from '@fastify/swagger';
import fp from 'fastify-plugin';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';

const ABOUT: Partial<OpenAPIV3_1.Document> = {
  openapi: '3.1.0',
  info: {
    title: 'Meshlift',
    version: '1',
    description:
      'Upgrades a service mesh: plans, runs, and what people may tell a run. Failures are RFC 9457 problems.',
  },
  tags: [
    { name: 'clusters', description: 'Registered clusters and what is in them.' },
    { name: 'releases', description: 'The release catalogue.' },
    { name: 'upgrades', description: 'Plans and runs.' },
    { name: 'commands', description: 'What a person can tell a run.' },
    { name: 'service', description: 'The service itself. Needs no token.' },
  ],
  components: {
    securitySchemes: {
      token: { type: 'http', scheme: 'bearer', description: 'The token that `meshlift serve` keeps.' },
    },
  },
  security: [{ token: [] }],
};

/** Describes every route that is registered after it; `app.swagger()` gives the document. */
export const openapi = fp(
  async (app) => {
    await app.register(swagger, {
      openapi: ABOUT,
      transform: jsonSchemaTransform,
      transformObject: jsonSchemaTransformObject,
    });
  },
  { name: 'meshlift-openapi' },
);
