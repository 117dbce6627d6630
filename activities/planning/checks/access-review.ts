import type { Question } from '../../../domain/rights.js';
import type { KubeClient } from '../../kube/types.js';

/** What the API server says about one question. */
export interface Access {
  readonly allowed: boolean;
  /** Which role and binding allow it, in the words of the authorizer; empty where it names none. */
  readonly reason: string;
}

/** Asks the API server whether the registered identity may do something. */
export async function mayI(kube: KubeClient, { group, resource, verb, namespace, name }: Question): Promise<Access> {
  const [plural, subresource] = resource.split('/');
  const answer = await kube.create(
    { api: 'authorization.k8s.io/v1', plural: 'selfsubjectaccessreviews' },
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {
        resourceAttributes: {
          group,
          resource: plural,
          verb,
          ...(subresource === undefined ? {} : { subresource }),
          ...(namespace === undefined ? {} : { namespace }),
          ...(name === undefined ? {} : { name }),
        },
      },
    },
  );
  const { allowed = false, reason = '' } = (answer['status'] ?? {}) as Partial<Access>;
  return { allowed, reason };
}

/** The right to everything: what cluster-admin has. */
export const EVERYTHING: Question = { group: '*', resource: '*', verb: '*' };
