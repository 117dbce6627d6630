import { ApplicationFailure } from '@temporalio/common';
import { failure } from '../failure.js';
import type { Outcome } from './transport.js';

type KubeReason = 'ClusterUnreachable' | 'PermissionDenied' | 'KubernetesRequestFailed';

/** What the API server said, as the first detail of a failure. */
interface StatusDetail {
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  /** The server's word for it: `AlreadyExists`, `Conflict`, `Invalid`. */
  readonly reason: string | null;
}

/** What was asked: `reading deployments "cart" in namespace "shop"` of cluster `prod`. */
export interface Asked {
  readonly cluster: string;
  readonly doing: string;
}

/** HTTP status that the API server answered with; null for everything that is no such answer. */
export function statusOf(error: unknown): number | null {
  return detailOf(error)?.status ?? null;
}

/** The API server's word for its answer, for instance `AlreadyExists`; null when there is none. */
export function reasonOf(error: unknown): string | null {
  return detailOf(error)?.reason ?? null;
}

/** The failure that an outcome means, with a sentence that names cluster and object. */
export function toFailure({ cluster, doing }: Asked, outcome: Outcome, tries = 1): ApplicationFailure {
  const subject = `Cluster "${cluster}": ${doing} failed`;
  const effort = tries > 1 ? ` (${tries} tries)` : '';
  if (outcome.type !== 'answer') {
    const doubt = outcome.type === 'cut' ? 'the connection was cut before the answer came' : 'there is no connection';
    return unanswered(`${subject}: ${doubt}: ${outcome.cause}${effort}.`);
  }
  const { message, reason } = readStatus(outcome.body);
  const said = `the API server answered ${outcome.status}: ${message || 'without a reason'}`;
  const detail: StatusDetail = { status: outcome.status, reason };
  return failure(meaningOf(outcome.status, message), `${subject}: ${said}${effort}.`, detail);
}

/** The failure for a connection that cannot even be tried, for instance because the kubeconfig cannot be read. */
export function unreachable(cluster: string, why: string): ApplicationFailure {
  return unanswered(`Cluster "${cluster}": ${why}`);
}

function unanswered(message: string): ApplicationFailure {
  const detail: StatusDetail = { status: null, reason: null };
  return failure('ClusterUnreachable', message, detail);
}

/**
 * A 500 about a webhook that could not be called is an answer about the request: it is left to a person. Every other one (etcd
 * without a leader, most often) is about the server and passes, as do the other statuses from 500 on, and 429.
 */
function meaningOf(status: number, message: string): KubeReason {
  if (status === 401 || status === 403) return 'PermissionDenied';
  if (status === 500 && /webhook/i.test(message)) return 'KubernetesRequestFailed';
  return status === 429 || status >= 500 ? 'ClusterUnreachable' : 'KubernetesRequestFailed';
}

/** Reads a Kubernetes `Status`; proxies and load balancers answer with other things. */
function readStatus(body: string): { message: string; reason: string | null } {
  try {
    const { message, reason, details } = JSON.parse(body) as Record<string, unknown>;
    return {
      message: typeof message === 'string' ? message.trim().replace(/\.$/, '') + budgetIn(details) : '',
      reason: typeof reason === 'string' && reason !== '' ? reason : null,
    };
  } catch {
    return { message: body.replace(/\s+/g, ' ').trim().slice(0, 300), reason: null };
  }
}

/** Which budget refused an eviction, and why: the message itself does not say. */
function budgetIn(details: unknown): string {
  const { causes = [] } = (details ?? {}) as { causes?: readonly { reason?: string; message?: string }[] };
  const cause = causes.find(({ reason }) => reason === 'DisruptionBudget');
  return cause?.message === undefined ? '' : ` (${cause.message.trim().replace(/\.$/, '')})`;
}

function detailOf(error: unknown): StatusDetail | null {
  if (!(error instanceof ApplicationFailure)) return null;
  const [detail]: unknown[] = error.details ?? [];
  return typeof detail === 'object' && detail !== null && 'status' in detail ? (detail as StatusDetail) : null;
}
