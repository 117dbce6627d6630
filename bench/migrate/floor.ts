import { RESTART_ANNOTATION } from '../../domain/names.js';
import { NEW_REVISION } from '../support/frozen-mesh.js';
import { connectRaw } from '../support/raw-http.js';
import { namespacesOf } from '../support/size.js';
import type { MoveMesh } from './arena.js';

const LABELS = { metadata: { labels: { 'istio-injection': null, 'istio.io/rev': NEW_REVISION } } };
const RESTART = { spec: { template: { metadata: { annotations: { [RESTART_ANNOTATION]: 'floor' } } } } };

/** Method (d): every namespace labelled, then every Deployment restarted at the same instant; nobody waits for anything. */
export const moveAtOnce: MoveMesh = async ({ sandbox, size, workloads }) => {
  const http = await connectRaw(sandbox.kubeconfig, 'bench-floor');
  try {
    await Promise.all(namespacesOf(size).map((name) => http.send('PATCH', `/api/v1/namespaces/${name}`, LABELS)));
    await Promise.all(
      workloads.map(({ namespace, name }) =>
        http.send('PATCH', `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, RESTART),
      ),
    );
    return {};
  } finally {
    http.close();
  }
};
