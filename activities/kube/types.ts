/** What one writer owns of an object. */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  /** When that writer last changed what it owns. */
  readonly time?: string;
  readonly subresource?: string;
  /** A tree of `f:<field>` keys. */
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/** Metadata of an object, as far as Meshlift reads it. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Who wrote which fields, as the API server keeps it. */
  readonly managedFields?: readonly ManagedFields[];
  readonly ownerReferences?: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[];
}

/** Any object of the API server, as the JSON that it sent: fields that Meshlift does not know survive (ADR 0004). */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A collection or one object of the API: `{ api: 'apps/v1', plural: 'deployments', namespace: 'shop', name: 'cart' }`. */
export interface Resource {
  /** `v1` for the core group, else `group/version`. */
  readonly api: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface WriteOptions {
  /** Server-side dry run: admission runs, nothing is stored. */
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  /** Delete only this very object; another one of the same name is left alone. */
  readonly uid?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject };

/**
 * The API server of one cluster. Every method retries what heals by itself (no connection, 429, 5xx) within its own bounds.
 * Errors are `ApplicationFailure`s of `domain/failures.ts`: `ClusterUnreachable`, `PermissionDenied`, `KubernetesRequestFailed`.
 */
export interface KubeClient {
  /** @returns null when there is no such object (or no such resource) */
  get(resource: Resource): Promise<KubeObject | null>;
  /** Every object of the collection, read in pages. An unknown resource gives an empty list. */
  list(
    resource: Resource,
    selection?: Selection,
    /** What is kept of each object while further pages come; all of it when left out. */
    slim?: (object: KubeObject) => KubeObject,
  ): Promise<{ items: readonly KubeObject[]; resourceVersion: string }>;
  create(resource: Resource, body: object, options?: WriteOptions): Promise<KubeObject>;
  /** JSON merge patch: null removes a field. */
  mergePatch(resource: Resource, body: object, options?: WriteOptions): Promise<KubeObject>;
  /** Writes the whole object; its resourceVersion must still be current. */
  replace(resource: Resource, body: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** @returns false when there was nothing to delete, or another object than the one meant */
  delete(resource: Resource, options?: DeleteOptions): Promise<boolean>;
  /**
   * Evicts one pod through the Eviction API, so that PodDisruptionBudgets are asked. A refusal by a budget is thrown after a
   * short while as an error whose status is 429: to wait for a budget is the caller's business.
   * @returns false when that very pod is not there any more
   */
  evict(pod: Resource, uid: string): Promise<boolean>;
  /** One watch connection, from a resource version on; ends when the server ends it. 410 is thrown as {@link ExpiredWatch}. */
  watch(resource: Resource, from: string, selection: Selection, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** A GET whose answer is text or JSON, for `/version` and service proxies. */
  raw(path: string): Promise<string>;
}

/** The server no longer has the history that a watch asked for: list again. */
export class ExpiredWatch extends Error {
  override readonly name = 'ExpiredWatch';
}
