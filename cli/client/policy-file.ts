import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { policySchema, type Policy } from '../../domain/policy/schema.js';
import { UsageError } from '../exit-codes.js';

/** A policy as it is used, and as its author wrote it. */
export interface PolicyFile {
  readonly policy: Policy;
  readonly written: unknown;
}

/** Larger than any policy, small enough to be read whole. */
const LARGEST_BYTES = 1_000_000;

/**
 * Reads a policy, YAML or JSON, and checks it by the same rules as the server.
 * @throws UsageError that names the file and every wrong field
 */
export async function readPolicy(file: string, undone = 'sent'): Promise<PolicyFile> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, undone);
  });
  if (text.length > LARGEST_BYTES) throw new UsageError(`${file} is too large for a policy.`, undone);
  const document = parseDocument(text);
  const [broken] = document.errors;
  if (broken !== undefined) throw new UsageError(`${file} is neither YAML nor JSON: ${broken.message}`, undone);
  const written: unknown = document.toJS() ?? {};
  const parsed = policySchema.safeParse(written);
  if (parsed.success) return { policy: parsed.data, written };
  const wrong = parsed.error.issues.flatMap((issue) => describe(issue));
  throw new UsageError([`${file} is not a policy:`, ...wrong.map((line) => `  ${line}`)].join('\n'), undone);
}

/** Whether the author of a policy has said something about a field. */
export function isWritten(written: unknown, path: string): boolean {
  const [first = '', ...rest] = path.split('.');
  if (typeof written !== 'object' || written === null || !(first in written)) return false;
  return rest.length === 0 || isWritten((written as Record<string, unknown>)[first], rest.join('.'));
}

/** `gates.afterWave[0].soak: ...`; of a value that could be several things, what is wrong with the one it looks like. */
function describe(issue: z.core.$ZodIssue, before: readonly PropertyKey[] = []): string[] {
  const path = [...before, ...issue.path];
  const alike = issue.code === 'invalid_union' ? likeliest(issue.errors) : null;
  if (alike !== null) return alike.flatMap((inner) => describe(inner, path));
  return [`${placeText(path)}: ${issue.message}`];
}

function likeliest(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | null {
  const fitting = branches.filter((issues) => !issues.some(({ code }) => code === 'unrecognized_keys'));
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

function placeText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file';
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('');
}
