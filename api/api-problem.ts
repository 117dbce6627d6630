import { z } from 'zod';
import { FAILURES, type FailureReason } from '../domain/failures.js';

/** Media type of every failure that the API answers (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';

/** Thrown anywhere below a route: the request is answered with this failure. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  /**
   * @param reason decides status, title, hint and whether asking again may help
   * @param message a sentence that names the object, the `detail` of the answer
   */
  constructor(
    readonly reason: FailureReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What every failure of the API says. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: '`urn:meshlift:failure:` and the code.' }),
    title: z.string().meta({ description: 'What the code means.' }),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened here, as a sentence.' }),
    code: z.string().meta({ description: 'Reason word, stable: `WrongPhase`.' }),
    hint: z.string().meta({ description: 'What to do next.' }),
    retryable: z.boolean().meta({ description: 'Whether the same request may succeed later without any change.' }),
    instance: z.string().meta({ description: 'Path of the request.' }),
  })
  .meta({ description: 'The request was refused, or failed (RFC 9457).' });
export type Problem = z.infer<typeof problemSchema>;

const PASSING_STATUS: readonly number[] = [429, 503];

/** The problem document of a failure. @param instance path of the request, without its query */
export function toProblem({ reason, message }: ApiProblem, instance: string): Problem {
  const { meaning, status, sentence, nextStep } = FAILURES[reason];
  return {
    type: `urn:meshlift:failure:${reason}`,
    title: sentence,
    status,
    detail: message,
    code: reason,
    hint: nextStep,
    retryable: meaning === 'retry' || PASSING_STATUS.includes(status),
    instance,
  };
}
