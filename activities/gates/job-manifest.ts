import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { namespaceNameSchema } from '../../domain/names.js';
import type { Resource } from '../kube/types.js';
import type { GateInput } from './gate-input.js';

const containerSchema = z.looseObject({ env: z.array(z.looseObject({ name: z.string() })).default([]) });

/** A Job as an operator registers it: everything that is not named here is kept as it stands. */
const manifestSchema = z.looseObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.looseObject({
    name: z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
    namespace: namespaceNameSchema,
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.looseObject({
    template: z.looseObject({ spec: z.looseObject({ containers: z.array(containerSchema).min(1) }) }),
  }),
});

/** The Job of one gate: where it is, and what it is made of. */
export interface GateJob {
  readonly resource: Resource & { readonly namespace: string; readonly name: string };
  readonly body: object;
}

/** Names of pods of a Job end in six more characters, and must be 63 at most. */
const MAX_NAME = 40;

/**
 * Reads a registered manifest and makes it the Job of one run and wave: a second attempt of the activity finds it by its name.
 * Its containers are told what they are to test.
 * @throws Error that names the file
 */
export async function gateJob(file: string, name: string, input: GateInput): Promise<GateJob> {
  const manifest = manifestSchema.parse(parse(await readFile(file, 'utf8')));
  const { metadata, spec } = manifest;
  const { run, wave } = input;
  const id = createHash('sha256')
    .update(JSON.stringify([run.cluster, run.runId, wave, name]))
    .digest('hex')
    .slice(0, 10);
  const jobName = `${metadata.name.slice(0, MAX_NAME).replace(/-+$/, '')}-${id}`;
  const template = spec.template;
  const containers = template.spec.containers.map((container) => ({
    ...container,
    env: [...container.env, ...environmentOf(input)],
  }));
  return {
    resource: { api: 'batch/v1', plural: 'jobs', namespace: metadata.namespace, name: jobName },
    body: {
      ...manifest,
      metadata: {
        ...metadata,
        name: jobName,
        labels: { ...metadata.labels, 'app.kubernetes.io/managed-by': 'meshlift' },
      },
      spec: { ...spec, template: { ...template, spec: { ...template.spec, containers } } },
    },
  };
}

function environmentOf({ run, route, wave, namespaces }: GateInput): { name: string; value: string }[] {
  const told = {
    MESHLIFT_CLUSTER: run.cluster,
    MESHLIFT_RUN: run.runId,
    MESHLIFT_RELEASE: run.release,
    MESHLIFT_REVISION: route.to.revision,
    MESHLIFT_WAVE: wave,
    MESHLIFT_NAMESPACES: namespaces.join(','),
  };
  return Object.entries(told).map(([name, value]) => ({ name, value }));
}
