import { readFile } from 'node:fs/promises';
import type { Question } from '../../domain/rights.js';
import { auditLog, type Sandbox } from '../../sandbox/sandbox.js';

/** One request as the API server wrote it down. */
interface AuditEvent {
  readonly verb: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly userAgent?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What somebody asked of the API server, as a right that it took. */
export interface Asked extends Question {
  readonly allowed: boolean;
  /** The program that asked. */
  readonly by: string;
}

/** What Meshlift and its tools have asked of a sandbox that was brought up with `audit`; each once. */
export async function askedOf({ dir }: Sandbox): Promise<Asked[]> {
  const lines = (await readFile(auditLog(dir), 'utf8')).split('\n').filter((line) => line.startsWith('{'));
  const asked = new Map<string, Asked>();
  for (const line of lines) {
    const entry = rightOf(JSON.parse(line) as AuditEvent);
    if (entry !== null) asked.set(JSON.stringify(entry), entry);
  }
  return [...asked.values()];
}

function rightOf({ verb, objectRef, userAgent = '', annotations = {} }: AuditEvent): Asked | null {
  // Questions about no resource: /version, /openapi. Everybody may ask them.
  if (objectRef === undefined) return null;
  const { apiGroup: group = '', resource, subresource, namespace, name } = objectRef;
  return {
    group,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    verb,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    allowed: annotations['authorization.k8s.io/decision'] === 'allow',
    by: userAgent.split('/')[0] ?? '',
  };
}

/** Whether a right is enough for what was asked. */
export function covers(right: Question, asked: Question): boolean {
  return (
    right.group === asked.group &&
    (right.resource === '*' || right.resource === asked.resource) &&
    right.verb === asked.verb &&
    (right.namespace === undefined || right.namespace === asked.namespace) &&
    (right.name === undefined || right.name === asked.name)
  );
}
