import { z } from 'zod';
import type { ServerEvent } from './event-stream.js';

/** What is read of an entry of the journal. */
const entrySchema = z.object({
  body: z.discriminatedUnion('type', [
    z.object({ type: z.literal('operationProgress'), operation: z.string(), text: z.string() }),
    z.object({ type: z.literal('operationFinished'), operation: z.string() }),
  ]),
});

/** Says how far the operations are that tell it. */
export interface ProgressLine {
  /** Takes an event of the run. @returns whether the line has changed */
  hear(event: ServerEvent): boolean;
  /** `fetch/1.6.14-asm.2: 12.3 of 45.6 MB (27 %)`; null when nothing is under way that tells. */
  line(): string | null;
}

/** A line for one run; it knows nothing yet. */
export function createProgressLine(): ProgressLine {
  const under = new Map<string, string>();
  return {
    hear({ data }) {
      const entry = entrySchema.safeParse(parsed(data));
      if (!entry.success) return false;
      const { body } = entry.data;
      if (body.type === 'operationFinished') return under.delete(body.operation);
      under.set(body.operation, body.text);
      return true;
    },
    line() {
      const parts = [...under].map(([operation, text]) => `${operation.replace(/#.*$/, '')}: ${text}`);
      return parts.length === 0 ? null : parts.join(', ');
    },
  };
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}
