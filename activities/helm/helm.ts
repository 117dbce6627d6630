import { z } from 'zod';
import type { HelmRelease } from '../../domain/helm.js';
import type { Json } from '../../domain/snapshot.js';
import type { ActivityContext } from '../context.js';
import { runCommand, type CommandResult } from '../exec.js';
import { lastLine } from '../exec-output.js';
import { failure } from '../failure.js';

const listSchema = z.array(
  z.object({
    name: z.string(),
    namespace: z.string(),
    status: z.string(),
    chart: z.string(),
    revision: z.coerce.number(),
  }),
);
const valuesSchema = z.record(z.string(), z.json()).nullable();
const ANSWER_MS = 60_000;

/** The real helm, asked about one cluster. */
export interface Helm {
  /** Runs it, with the way to the cluster before the rest: after `--` there are names only. @throws HelmFailed with its last lines when it ends with another code than 0 */
  run(args: readonly string[], options?: HelmOptions): Promise<CommandResult>;
  /** Releases of a namespace whatever became of them. */
  list(namespace: string): Promise<readonly HelmRelease[]>;
  /** One of them; null when Helm knows none of that name. */
  find(namespace: string, name: string): Promise<HelmRelease | null>;
  /** What a person has chosen about a release. */
  values(namespace: string, name: string): Promise<Readonly<Record<string, Json>>>;
  /** The manifests of a release, as Helm keeps them: of today, or of after so many changes. */
  manifest(namespace: string, name: string, revision?: number): Promise<string>;
}

interface HelmOptions {
  readonly timeoutMs?: number;
  /** Names the running process, so that the next attempt can end what a killed worker left behind. */
  readonly lockFile?: string;
}

/** The helm of a registered cluster. It is given no way to the cluster but by its arguments. */
export function helmOf(context: Pick<ActivityContext, 'access'>, id: string, signal: AbortSignal): Helm {
  const { cluster } = context.access(id);
  const target = ['--kubeconfig', cluster.kubeconfig, ...(cluster.context ? ['--kube-context', cluster.context] : [])];
  const run: Helm['run'] = async (args, { timeoutMs = ANSWER_MS, lockFile } = {}) => {
    const file = cluster.helm ?? 'helm';
    const lock = lockFile === undefined ? {} : { lockFile };
    const result = await runCommand({ file, args: [...target, ...args], signal, timeoutMs, ...lock });
    if (result.exitCode === 0) return result;
    const message = `helm ${args[0] ?? ''} ended with exit code ${result.exitCode} in cluster ${id}: ${lastLine(result.tail)}`;
    throw failure('HelmFailed', message, { tail: result.tail });
  };
  const list: Helm['list'] = async (namespace) => {
    // Without these it leaves out what is neither deployed nor failed.
    const all = ['--deployed', '--failed', '--pending', '--uninstalled', '--uninstalling', '--superseded'];
    const { stdout } = await run(['list', '--namespace', namespace, ...all, '--output', 'json']);
    return listSchema.parse(JSON.parse(stdout || '[]'));
  };
  return {
    run,
    list,
    find: async (namespace, name) => (await list(namespace)).find((release) => release.name === name) ?? null,
    async values(namespace, name) {
      const { stdout } = await run(['get', 'values', '--namespace', namespace, '--output', 'json', '--', name]);
      return valuesSchema.parse(JSON.parse(stdout)) ?? {};
    },
    async manifest(namespace, name, revision) {
      const past = revision === undefined ? [] : ['--revision', String(revision)];
      return (await run(['get', 'manifest', '--namespace', namespace, ...past, '--', name])).stdout;
    },
  };
}
