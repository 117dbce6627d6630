import type { Resource } from './types.js';

export const NAMESPACES: Resource = { api: 'v1', plural: 'namespaces' };
export const PODS: Resource = { api: 'v1', plural: 'pods' };
export const DEPLOYMENTS: Resource = { api: 'apps/v1', plural: 'deployments' };
export const CRDS: Resource = { api: 'apiextensions.k8s.io/v1', plural: 'customresourcedefinitions' };

const API = /^(?:[a-z0-9]+(?:[.-][a-z0-9]+)*\/)?v[0-9][a-z0-9]*$/;
const PLURAL = /^[a-z][a-z0-9]*$/;
// What the API server itself requires of every name: one segment of a path.
const NAME = /^(?!\.{1,2}$)[^/%]{1,253}$/;

/** The collection of a namespace, or the one object of that name. */
export function inNamespace(resource: Resource, namespace: string, name?: string): Resource {
  return { ...resource, namespace, ...(name === undefined ? {} : { name }) };
}

/** One object that lives in no namespace, or in the namespace that the resource names already. */
export function named(resource: Resource, name: string): Resource {
  return { ...resource, name };
}

/**
 * Path of a collection or of one object, for instance `/apis/apps/v1/namespaces/shop/deployments/cart`.
 * @throws RangeError when a part is not a plain segment: no value may leave its place in the path
 */
export function apiPath({ api, plural, namespace, name }: Resource): string {
  const root = api.includes('/') ? 'apis' : 'api';
  return [
    '',
    root,
    ...checked('API version', api, API).split('/'),
    ...(namespace === undefined ? [] : ['namespaces', encodeURIComponent(checked('namespace', namespace, NAME))]),
    checked('resource', plural, PLURAL),
    ...(name === undefined ? [] : [encodeURIComponent(checked('name', name, NAME))]),
  ].join('/');
}

/** A resource as it stands in sentences: `deployments "cart" in namespace "shop"`. */
export function describeResource({ plural, namespace, name }: Resource): string {
  const what = name === undefined ? plural : `${plural} "${name}"`;
  return namespace === undefined ? what : `${what} in namespace "${namespace}"`;
}

function checked(what: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value)) throw new RangeError(`"${value}" is no ${what}`);
  return value;
}
