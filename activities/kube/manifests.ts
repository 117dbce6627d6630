import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './types.js';

/** Every object of a stream of YAML documents; documents of comments alone hold none. */
export function objectsIn(text: string): KubeObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}
