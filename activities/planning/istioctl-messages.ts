import { z } from 'zod';
import type { AnalysisMessage } from '../../domain/analysis.js';
import { lastLine } from '../exec-output.js';

/** It says `null` when it found less than was asked for. */
const messagesSchema = z
  .array(
    z.object({ code: z.string(), message: z.string(), level: z.string().optional(), origin: z.string().optional() }),
  )
  .nullable();

/** A message with how bad istioctl thinks it is. */
export interface LevelledMessage extends AnalysisMessage {
  /** `Error`, `Warning` or `Info`. */
  readonly level?: string | undefined;
}

/** The messages that istioctl printed as JSON, wherever other lines stand before them; null when it printed none. */
export function messagesIn(stdout: string): LevelledMessage[] | null {
  const begin = stdout.search(/^(\[|null$)/m);
  return begin === -1 ? null : (messagesSchema.parse(JSON.parse(stdout.slice(begin))) ?? []);
}

/** Why istioctl gave no answer. What it may not read it waits for in vain: the time that is up is not the reason then. */
export function whyNoAnswer({ stderr, tail }: { readonly stderr: string; readonly tail: string }): string {
  const forbidden = /\S+ is forbidden: .*/.exec(stderr)?.[0];
  return forbidden ?? lastLine(tail);
}
