/** What the variables of a query stand for. */
export interface QueryScope {
  /** The new revision, as the label of the series has it; empty where pods have no such label (1.5). */
  readonly revision: string;
  readonly control: string;
  /** Namespaces of the wave; null for all of them. */
  readonly namespaces: readonly string[] | null;
  /** What rates are taken over, for instance `120s`. */
  readonly window: string;
  /** Label of a series that tells the revision of the pod that it comes from. */
  readonly revisionLabel: string;
}

const VARIABLE = /\$(revisionLabel|revision|control|namespaces|window)\b/g;

/** Replaces the variables of a query. Names of namespaces and revisions hold nothing that PromQL would take for more than a name. */
export function fillQuery(query: string, scope: QueryScope): string {
  const values: Record<string, string> = {
    revision: scope.revision,
    control: scope.control,
    namespaces: scope.namespaces === null ? '.+' : scope.namespaces.join('|'),
    window: scope.window,
    revisionLabel: scope.revisionLabel,
  };
  return query.replace(VARIABLE, (variable, name: string) => values[name] ?? variable);
}

/** The same scope as the control is asked with: `$revision` is the old one. */
export function controlScope(scope: QueryScope, namespaces: QueryScope['namespaces']): QueryScope {
  return { ...scope, revision: scope.control, namespaces };
}
