import {
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError, TimeoutFailure } from '@temporalio/common';
import { isFailureReason } from '../domain/failures.js';
import { ApiProblem } from './api-problem.js';
import { unknownRun } from './lookups.js';

/** Status codes of gRPC after which asking again may help. */
const GRPC_NOT_NOW: readonly number[] = [
  1, // CANCELLED
  4, // DEADLINE_EXCEEDED
  8, // RESOURCE_EXHAUSTED
  14, // UNAVAILABLE
];

/** What was being done, for the sentence. */
export interface Attempt {
  /** For instance `start the upgrade of shop`. */
  readonly doing: string;
  readonly cluster: string;
  readonly runId?: string;
}

/** What a failed call to Temporal means for the caller of the API. */
export function toApiProblem(error: unknown, attempt: Attempt): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return refusalIn(error) ?? refusalOfServer(error, attempt) ?? unforeseen(error, attempt);
}

/** The failure that a workflow or an update validator gave, in its own words. */
function refusalIn(error: unknown): ApiProblem | null {
  if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowUpdateFailedError)) return null;
  for (let cause = error.cause; cause !== undefined; cause = cause.cause as Error | undefined) {
    if (!(cause instanceof ApplicationFailure)) continue;
    const { type, message } = cause;
    if (typeof type === 'string' && isFailureReason(type)) return new ApiProblem(type, message, { cause: error });
  }
  return null;
}

function refusalOfServer(error: unknown, { doing, cluster, runId = 'latest' }: Attempt): ApiProblem | null {
  if (error instanceof WorkflowNotFoundError) return unknownRun(cluster, runId);
  if (error instanceof NamespaceNotFoundError) {
    return new ApiProblem('NotReady', `Meshlift could not ${doing}: Temporal does not have its namespace.`, {
      cause: error,
    });
  }
  return isPassing(error)
    ? new ApiProblem('NotReady', `Meshlift could not ${doing}: Temporal or the worker did not answer in time.`, {
        cause: error,
      })
    : null;
}

function unforeseen(error: unknown, { doing }: Attempt): ApiProblem {
  return new ApiProblem('Internal', `Meshlift could not ${doing}; the log of the server says why.`, { cause: error });
}

/** Whether Temporal or the worker is away or too slow, so that asking again may help. */
function isPassing(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  if (error instanceof WorkflowFailedError) return error.cause instanceof TimeoutFailure;
  const code = grpcCode(error);
  return code !== null && GRPC_NOT_NOW.includes(code);
}

function grpcCode(error: unknown): number | null {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && isGrpcServiceError(error.cause) ? error.cause.code : null;
}
