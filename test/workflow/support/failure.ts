import { ApplicationFailure } from '@temporalio/common';
import type { FailureReason } from '../../../domain/failures.js';

/** A failure as activities throw it. Where it is tried again, it is so at once. */
export function failure(type: FailureReason, message = `${type} it was`, ...details: object[]): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nextRetryDelay: '1ms', details });
}
