import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recordOperation } from '../audit/operation.js';
import type { ActivityContext } from '../context.js';
import type { RunRef } from '../contract.js';
import { objectsIn } from '../kube/manifests.js';
import type { KubeObject, Resource } from '../kube/types.js';

const CRDS: Resource = { api: 'apiextensions.k8s.io/v1', plural: 'customresourcedefinitions' };
/** Where the charts of a release keep them. */
const CRD_FILE = join('manifests', 'charts', 'base', 'files', 'crd-all.gen.yaml');

/**
 * Brings the CRDs of a release into the cluster before its istiod (pitfalls 4b). Helm does so with chart `base` only, which comes at
 * the end: a rollback of that release would downgrade them. Only what they define is written; who owns them stays as it is.
 */
export async function applyCrds(context: ActivityContext, run: RunRef, dir: string): Promise<void> {
  const { kube } = context.access(run.cluster);
  const crds = await crdsOf(dir);
  const argv = ['kubectl', 'apply', '--server-side', '--force-conflicts', '-f', join(dir, CRD_FILE)];
  await recordOperation(context.journal, run, { id: 'crds', argv, mutating: true }, async () => {
    for (const crd of crds) {
      const resource = { ...CRDS, name: crd.metadata.name };
      if ((await kube.get(resource)) === null) await kube.create(CRDS, crd);
      else await kube.mergePatch(resource, { spec: crd['spec'] });
    }
    return { outcome: 'succeeded', value: undefined };
  });
}

/** The CRDs of an unpacked release. */
export async function crdsOf(dir: string): Promise<KubeObject[]> {
  return objectsIn(await readFile(join(dir, CRD_FILE), 'utf8'));
}
