import type { Verdict } from '../gate-verdict.js';

/** Statuses of the 4xx that ask to come again. */
const COME_AGAIN = [408, 425, 429];

/** What an answer of a webhook means: 2xx opens, 4xx closes; null for what decides nothing and is asked again. */
export function judgeAnswer(status: number): Extract<Verdict, 'successful' | 'failed'> | null {
  if (status >= 200 && status < 300) return 'successful';
  return status >= 400 && status < 500 && !COME_AGAIN.includes(status) ? 'failed' : null;
}

/** What a webhook is sent, as JSON. */
export interface WebhookBody {
  readonly run: string;
  readonly cluster: string;
  readonly wave: string;
  /** The new revision. */
  readonly revision: string;
  readonly namespaces: readonly string[];
  readonly release: string;
}
