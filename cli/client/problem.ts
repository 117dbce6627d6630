import { z } from 'zod';

/** What every failure of the API says, in the form of RFC 9457. */
export interface Problem {
  /** HTTP status; 0 when no answer came at all. */
  readonly status: number;
  /** Reason word of `domain/failures.ts`, or a word of the client itself (`ServerUnreachable`, `NoAnswerInTime`). */
  readonly code: string;
  readonly detail: string;
  /** What to do next; empty when there is nothing to say. */
  readonly hint: string;
  readonly retryable: boolean;
}

/** Thrown by the API client: the server said no, or did not say anything. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(readonly problem: Problem) {
    super(problem.detail);
  }

  /** Whether asking again may help: the server is away, busy or starting. */
  get passing(): boolean {
    const { status } = this.problem;
    return status === 0 || status === 429 || status >= 500;
  }
}

const problemSchema = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().default('Unknown'),
  hint: z.string().default(''),
  retryable: z.boolean().default(false),
});

/** Reads the problem from an answer. A body that is no problem document (a proxy's page) still gives a sentence. */
export function problemOf(status: number, body: unknown): ApiProblem {
  const parsed = problemSchema.safeParse(body);
  if (!parsed.success) {
    return new ApiProblem({
      status,
      code: 'Unknown',
      detail: `The server answered with status ${status} and no explanation.`,
      hint: 'Check that the address is that of a Meshlift server.',
      retryable: false,
    });
  }
  const { title, detail, code, hint, retryable } = parsed.data;
  return new ApiProblem({
    status,
    code,
    detail: detail ?? title ?? `The server answered with status ${status}.`,
    hint,
    retryable,
  });
}

/** The problem of a request that got no answer: the server is away, or too slow. */
export function noAnswer(url: string, error: unknown): ApiProblem {
  const slow = error instanceof Error && error.name === 'TimeoutError';
  return new ApiProblem(
    slow
      ? {
          status: 0,
          code: 'NoAnswerInTime',
          detail: `The Meshlift server at ${url} did not answer in time.`,
          hint: `See which of its parts is not ready: ${url}/readyz`,
          retryable: true,
        }
      : {
          status: 0,
          code: 'ServerUnreachable',
          detail: `No Meshlift server answers at ${url} (${causeOf(error)}).`,
          hint: 'Start one with `meshlift serve`, or name another with --server or MESHLIFT_SERVER.',
          retryable: true,
        },
  );
}

/** `fetch` hides the true reason in a chain of causes. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return causeOf(error.cause);
  const code = (error as NodeJS.ErrnoException).code;
  return error.message || (code ?? error.name);
}
