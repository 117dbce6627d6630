import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** Requests of one client. */
export interface ClientRequests {
  readonly total: number;
  readonly byVerb: Readonly<Record<string, number>>;
}

/** What the API server was asked between two instants. */
export interface AuditSummary {
  readonly total: number;
  /** Answers that told a client to come back later. */
  readonly tooMany: number;
  readonly byClient: Readonly<Record<string, ClientRequests>>;
}

interface AuditEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly userAgent?: string;
  readonly requestReceivedTimestamp: string;
  readonly responseStatus?: { readonly code?: number };
}

/** The observer is not part of what it observes. */
const IGNORED = ['bench-observer', 'bench-seed'];

/** Adds up the API server's audit log between two instants, in milliseconds since the epoch. */
export async function summariseAudit(file: string, from: number, to: number): Promise<AuditSummary> {
  const byClient = new Map<string, Map<string, number>>();
  const seen = new Set<string>();
  let tooMany = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const event = parseLine(line);
    if (event === null || seen.has(event.auditID) || !isCounted(event, from, to)) continue;
    // A watch is written down when it begins and when it ends, and is one request.
    seen.add(event.auditID);
    if (event.responseStatus?.code === 429) tooMany += 1;
    const client = clientOf(event.userAgent ?? '');
    const verbs = byClient.get(client) ?? new Map<string, number>();
    byClient.set(client, verbs.set(event.verb, (verbs.get(event.verb) ?? 0) + 1));
  }
  const rows = [...byClient].map(([client, verbs]) => [client, requestsOf(verbs)] as const);
  rows.sort(([, a], [, b]) => b.total - a.total);
  return { total: rows.reduce((sum, [, { total }]) => sum + total, 0), tooMany, byClient: Object.fromEntries(rows) };
}

function isCounted({ requestReceivedTimestamp, userAgent = '' }: AuditEvent, from: number, to: number): boolean {
  const at = Date.parse(requestReceivedTimestamp);
  return at >= from && at <= to && !IGNORED.includes(clientOf(userAgent));
}

/** The last line may be half written. */
function parseLine(line: string): AuditEvent | null {
  try {
    return JSON.parse(line) as AuditEvent;
  } catch {
    return null;
  }
}

function requestsOf(verbs: ReadonlyMap<string, number>): ClientRequests {
  return { total: [...verbs.values()].reduce((sum, count) => sum + count, 0), byVerb: Object.fromEntries(verbs) };
}

/**
 * Who asked, by user agent: `meshlift`, `kubectl`, and each controller of the controller-manager by its own name, because
 * each has a limit of its own.
 */
export function clientOf(userAgent: string): string {
  const [program = ''] = userAgent.split('/');
  const account = /system:serviceaccount:[^:]+:([a-z0-9-]+)/.exec(userAgent)?.[1];
  if (program === 'kube-controller-manager') return account ?? program;
  return program === '' ? '(none)' : program;
}
