import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { FAILURES, type FailureReason } from '../../domain/failures.js';
import { ApiProblem, PROBLEM_TYPE, toProblem } from '../api-problem.js';

/** What the framework itself refuses, by its status. Other statuses below 500 are requests it cannot read. */
const FRAMEWORK_REFUSALS: Readonly<Record<number, FailureReason>> = {
  404: 'NotFound',
  413: 'PayloadTooLarge',
  415: 'UnsupportedMediaType',
  429: 'TooManyRequests',
};

/** Where a wrong value stood, in the words of the message. */
const PLACES: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

/** Answers every failure as `application/problem+json`; what was not foreseen shows nothing of its inside. */
export const problems = fp(
  (app, _options, done) => {
    app.setErrorHandler<FastifyError>((error, request, reply) => sendProblem(error, request, reply));
    app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
      sendProblem(
        new ApiProblem('NotFound', `There is nothing at ${request.method} ${pathOf(request)}.`),
        request,
        reply,
      );
    });
    done();
  },
  { name: 'meshlift-problems', dependencies: ['meshlift-rate-limit'] },
);

/** Answers one failure. Also for errors that come up before a route was found. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = asProblem(error, request);
  const { status } = FAILURES[problem.reason];
  if (status >= 500) request.log.error({ err: error, method: request.method, path: pathOf(request) }, problem.message);
  void reply
    .code(status)
    .type(PROBLEM_TYPE)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(toProblem(problem, pathOf(request)));
}

function asProblem(error: unknown, request: FastifyRequest): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return invalidFields(error);
  const { statusCode, message } = error as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ApiProblem(FRAMEWORK_REFUSALS[statusCode] ?? 'InvalidRequest', asSentence(message ?? ''));
  }
  return new ApiProblem(
    'Internal',
    `Something unexpected happened; the log of the server has it as request ${request.id}.`,
  );
}

type ValidationError = Pick<FastifyError, 'validation' | 'validationContext'>;

function invalidFields({ validation = [], validationContext = 'body' }: ValidationError): ApiProblem {
  const place = PLACES[validationContext] ?? validationContext;
  const fields = validation.slice(0, 5).map(({ instancePath, message }) => {
    const field = instancePath.replace(/^\//, '').replaceAll('/', '.');
    return `${field === '' ? place : `${place} field ${field}`}: ${message ?? 'is wrong'}`;
  });
  return new ApiProblem('InvalidRequest', asSentence(`In the ${place} of the request, ${fields.join('; ')}`));
}

function asSentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? url;
}
