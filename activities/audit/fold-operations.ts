import type { JournalEntry, Operation } from '../../domain/journal.js';

/**
 * The operations of a run, in the order in which they began.
 * One that has no end although a later try of the same has begun was `interrupted`: its worker died.
 */
export function foldOperations(entries: readonly JournalEntry[]): readonly Operation[] {
  const operations = new Map<string, Operation>();
  for (const { at, body } of entries) {
    if (body.type === 'operationStarted') {
      const { operation: id, argv, mutating } = body;
      operations.set(id, { id, argv, mutating, startedAt: at, finishedAt: null, outcome: null, tail: '' });
    } else if (body.type === 'operationProgress') {
      const started = operations.get(body.operation);
      if (started !== undefined) operations.set(started.id, { ...started, progress: body.text });
    } else if (body.type === 'operationFinished') {
      const started = operations.get(body.operation);
      if (started === undefined) continue;
      operations.set(started.id, { ...started, finishedAt: at, outcome: body.outcome, tail: body.tail });
    }
  }
  const inOrder = [...operations.values()];
  const lastTry = new Map(inOrder.map(({ id }) => [subjectOf(id), id]));
  return inOrder.map((operation) =>
    operation.outcome === null && lastTry.get(subjectOf(operation.id)) !== operation.id
      ? { ...operation, outcome: 'interrupted' as const }
      : operation,
  );
}

/** What the tries of one operation have in common: `label/shop/forward` of `label/shop/forward#2.1f0c93aa`. */
function subjectOf(id: string): string {
  const end = id.lastIndexOf('#');
  return end === -1 ? id : id.slice(0, end);
}
