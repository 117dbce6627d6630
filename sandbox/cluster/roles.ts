import { readFile } from 'node:fs/promises';
import { assetPath } from '../../settings/node-command.js';
import { runTool } from '../exec.js';

const ROLES = ['upgrader', 'reader', 'roller'] as const;

/** Grants the sandbox's identities what `infra/rbac` grants them in production, from the same files. */
export async function grantRoles(kubectl: string, adminKubeconfig: string): Promise<void> {
  const texts = await Promise.all(
    ROLES.map((role) => readFile(assetPath(new URL(`../../infra/rbac/${role}.yaml`, import.meta.url)), 'utf8')),
  );
  await runTool(kubectl, ['--kubeconfig', adminKubeconfig, 'apply', '-f', '-'], { input: texts.join('\n---\n') });
}
