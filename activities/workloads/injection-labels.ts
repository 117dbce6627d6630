import { INJECTION_LABEL, REVISION_LABEL } from '../../domain/names.js';

/** How a namespace asks for injection: null where a label is absent. */
export interface InjectionLabels {
  readonly [INJECTION_LABEL]: string | null;
  readonly [REVISION_LABEL]: string | null;
}

/** What the labels of a namespace say about injection. */
export function injectionLabelsOf(labels: Readonly<Record<string, string>>): InjectionLabels {
  return { [INJECTION_LABEL]: labels[INJECTION_LABEL] ?? null, [REVISION_LABEL]: labels[REVISION_LABEL] ?? null };
}

/** What a namespace carries that asks for a revision by its name. */
export function askingFor(revision: string): InjectionLabels {
  return { [INJECTION_LABEL]: null, [REVISION_LABEL]: revision };
}

/** What a person would type to give a namespace these labels. */
export function labelCommand(namespace: string, labels: InjectionLabels): string[] {
  const changes = Object.entries(labels).map(([label, value]) =>
    value === null ? `${label}-` : `${label}=${String(value)}`,
  );
  return ['kubectl', 'label', 'namespace', namespace, ...changes, '--overwrite'];
}
