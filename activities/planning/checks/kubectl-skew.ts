import { z } from 'zod';
import { needsKubectl } from '../../../domain/version-gate.js';
import type { Check, CheckInput, Found } from '../check.js';
import { CommandFailed, runCommand } from '../../exec.js';

const answerSchema = z.object({ clientVersion: z.object({ gitVersion: z.string() }) });

/** The istioctl of 1.5 applies through a kubectl, the cluster's own or that of the PATH; a current one breaks it (recipe, 4). */
export const kubectlSkew: Check = {
  id: 'MESH032',
  look: async (input) => {
    const { plan, mesh, cluster } = input;
    if (!needsKubectl(plan.route?.from.version ?? '')) return [];
    const found = await kubectlVersion(input);
    const minor = (text: string) => Number(/^v?\d+\.(\d+)/.exec(text)?.[1] ?? Number.NaN);
    if (found !== null && Math.abs(minor(found) - minor(mesh.kubernetes)) <= 1) return [];
    const which = found === null ? 'there is none in the PATH of the worker' : `the one of the worker is ${found}`;
    return [
      wrong(
        input,
        `Going back to ${plan.route?.from.version ?? ''} in cluster ${cluster.id} needs a kubectl; ${which}.`,
      ),
    ];
  },
};

async function kubectlVersion({ cluster, signal }: CheckInput): Promise<string | null> {
  const args = ['version', '--client', '-o', 'json'];
  const result = await runCommand({ file: cluster.kubectl ?? 'kubectl', args, signal, timeoutMs: 20_000 }).catch(
    (error: unknown) => {
      if (error instanceof CommandFailed) return null;
      throw error;
    },
  );
  if (result === null) return null;
  return answerSchema.parse(JSON.parse(result.stdout)).clientVersion.gitVersion;
}

function wrong({ mesh }: CheckInput, message: string): Found {
  return {
    reason: 'UnsupportedSource',
    message: `${message.slice(0, -1)}; the API server is ${mesh.kubernetes}.`,
    remedy: `Put a kubectl of ${mesh.kubernetes}, or of one minor beside it, first into the PATH of the worker, or name it as \`kubectl\` of the cluster in the configuration. The command fetches it and proves its digest.`,
    command: fetchCommand(mesh.kubernetes),
  };
}

/** Kubernetes' own way to install a kubectl, for this worker's machine: the last patch of a minor, with its digest. */
export function fetchCommand(
  minor: string,
  { platform, arch }: Pick<NodeJS.Process, 'platform' | 'arch'> = process,
): string {
  const machine = `${platform === 'win32' ? 'windows' : platform}/${arch === 'x64' ? 'amd64' : arch}`;
  const file = platform === 'win32' ? 'kubectl.exe' : 'kubectl';
  const site = 'https://dl.k8s.io/release';
  return [
    `V=$(curl -fsSL ${site}/stable-${minor}.txt)`,
    `curl -fsSLO ${site}/$V/bin/${machine}/${file}`,
    `echo "$(curl -fsSL ${site}/$V/bin/${machine}/${file}.sha256)  ${file}" | sha256sum --check`,
    `chmod +x ${file}`,
  ].join(' && ');
}
