import { stripVTControlCharacters } from 'node:util';
import type { Readable } from 'node:stream';
import { createLineRedactor, redact } from './redact.js';

/** How much of each output is kept. A program that says more is not stopped; the rest is read and dropped. */
const MAX_CHARACTERS = 8 * 1024 * 1024;
/** A line without an end is passed on in pieces of this size. */
const MAX_LINE = 64 * 1024;
/** Secrets are hidden in more text than is shown, so that the cut does not fall into a secret. */
const TAIL_CONTEXT = 32_000;
const TAIL = 2_000;

/** Both outputs of a program, as they come. */
export interface Output {
  /** Everything read so far. Call it after the program has ended. */
  finish(): { readonly stdout: string; readonly stderr: string; readonly tail: string };
}

/** Reads both outputs of a program, so that it never blocks on a full pipe. */
export function collectOutput(
  child: { readonly stdout: Readable; readonly stderr: Readable },
  onLine: (line: string) => void = () => undefined,
): Output {
  let recent = '';
  const takeLine = (line: string) => {
    recent = `${recent}${line}\n`;
    if (recent.length > 2 * TAIL_CONTEXT) recent = recent.slice(-TAIL_CONTEXT);
  };
  const streams = [child.stdout, child.stderr].map((stream) => collectStream(stream, takeLine, onLine));
  return {
    finish() {
      const [stdout = '', stderr = ''] = streams.map((finishStream) => finishStream());
      return { stdout, stderr, tail: tailOf(recent) };
    },
  };
}

/** The last 2,000 characters of a text, redacted: fit for the journal. */
export function tailOf(text: string): string {
  return redact(text.slice(-TAIL_CONTEXT)).trimEnd().slice(-TAIL);
}

function collectStream(stream: Readable, takeLine: (line: string) => void, onLine: (line: string) => void) {
  const redactLine = createLineRedactor();
  let text = '';
  let partial = '';
  const pass = (raw: string) => {
    const line = stripVTControlCharacters(raw).replace(/\r/g, '');
    takeLine(line);
    const shown = redactLine(line);
    if (shown !== null) onLine(shown);
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (text.length < MAX_CHARACTERS) text += chunk;
    const lines = (partial + chunk).split('\n');
    partial = lines.pop() ?? '';
    lines.forEach(pass);
    if (partial.length <= MAX_LINE) return;
    pass(partial);
    partial = '';
  });
  // A pipe that breaks ends the output; how the program itself ended is asked elsewhere.
  stream.on('error', () => undefined);
  return () => {
    if (partial !== '') pass(partial);
    partial = '';
    return stripVTControlCharacters(text.slice(0, MAX_CHARACTERS));
  };
}

/** What a program said last, for a sentence. */
export function lastLine(tail: string): string {
  return tail.trim().split('\n').at(-1) ?? 'it said nothing';
}
