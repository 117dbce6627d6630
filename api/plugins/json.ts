import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { validatorCompiler } from 'fastify-type-provider-zod';

/**
 * Bodies are JSON and nothing else, and may be left out: a route whose fields are all optional then sees none of them.
 * Answers are written as they are: their schemas describe them in /openapi.json, and the compiler holds the routes to
 * them, so checking them again for every request would only cost time.
 */
export const json = fp(
  (app, _options, done) => {
    app.setValidatorCompiler(validatorCompiler);
    app.setSerializerCompiler(() => (data) => JSON.stringify(data));
    const parse = app.getDefaultJsonParser('error', 'error');
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'string' },
      function (this: FastifyInstance, request, body, next) {
        // An empty body with a content type is what many clients send for a POST without fields.
        if (body === '') {
          next(null, undefined);
          return;
        }
        parse.call(this, request, body as string, next);
      },
    );
    done();
  },
  { name: 'meshlift-json' },
);
