import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kubectlOf, NEW_REVISION } from '../support/frozen-mesh.js';
import { namespacesOf } from '../support/size.js';
import type { MoveMesh } from './arena.js';

const LOOP = fileURLToPath(new URL('./guide-loop.sh', import.meta.url));

/** Methods (a) to (c): the guide's loop, for so many namespaces at once. */
export function guideLoop(atOnce: number): MoveMesh {
  return async ({ sandbox, size }) => {
    const namespaces = namespacesOf(size);
    const [file, args, input] =
      atOnce === 1 ? [LOOP, namespaces, ''] : ['xargs', ['-P', String(atOnce), '-n', '1', LOOP], namespaces.join('\n')];
    const log = await open(join(sandbox.dir, 'guide-loop.log'), 'w');
    const child = spawn(file, args, {
      stdio: ['pipe', log.fd, log.fd],
      env: {
        PATH: process.env['PATH'],
        // Its cache of what the cluster has lies in the home folder.
        HOME: sandbox.dir,
        // The same identity as Meshlift's: no limit of the API server is another one for it.
        KUBECONFIG: sandbox.kubeconfig,
        KUBECTL: kubectlOf(),
        REVISION: NEW_REVISION,
      },
    });
    child.stdin?.end(input);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    await log.close();
    return {
      faults: code === 0 ? [] : [`the loop ended with exit code ${String(code)}; see ${sandbox.dir}/guide-loop.log`],
    };
  };
}
