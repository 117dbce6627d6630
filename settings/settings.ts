import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { clusterIdSchema } from '../domain/names.js';
import { releaseEntrySchema } from '../domain/release-entry.js';
import { releaseSchema } from '../domain/release.js';
import { downloadSettingsSchema } from './download-policy.js';
import { gateSettings, metricsSchema, resolveGates, resolveMetrics } from './gates.js';

const overlayName = z.string().regex(/^[a-z0-9][a-z0-9-]*$/);

/** A registered cluster. Configured on the server; never sent over the API. */
const clusterSchema = z.strictObject({
  id: clusterIdSchema,
  /** Path of the kubeconfig file, relative to the configuration file. */
  kubeconfig: z.string().min(1),
  /** Context in it; the file's current context when left out. */
  context: z.string().min(1).optional(),
  /**
   * Path of a kubectl within one minor of the cluster, relative to the configuration file: istioctl 1.5, which a rollback
   * to 1.5 runs, uses it. The one in PATH when left out.
   */
  kubectl: z.string().min(1).optional(),
  /** Path of a helm, relative to the configuration file, for meshes that Helm has installed. The one in PATH when left out. */
  helm: z.string().min(1).optional(),
  /** Only `user` clusters carry a mesh; the `admin` cluster of GKE on VMware is refused (guide, step 0). */
  role: z.enum(['user', 'admin']).default('user'),
  labels: z.record(z.string(), z.string()).default({}),
  /** Where the metrics of its mesh are; without it only gates that look at no metrics can open. */
  metrics: metricsSchema.optional(),
});
export type RegisteredCluster = z.infer<typeof clusterSchema>;

const settingsSchema = z.strictObject({
  clusters: z.array(clusterSchema).default([]),
  /** Overlay files for `istioctl -f`, by the name that requests use. */
  overlays: z.record(overlayName, z.string().min(1)).default({}),
  /** Releases added to the built-in catalogue; one with the same version replaces it. */
  releases: z.array(releaseEntrySchema).default([]),
  /** Base URL and key per built-in version, for mirrors and for the sandbox. */
  mirrors: z.record(z.string(), releaseSchema.pick({ baseUrl: true, publicKey: true }).partial()).default({}),
  /** Where archives may come from beside the hosts that the catalogue names. */
  downloads: downloadSettingsSchema.prefault({}),
  ...gateSettings,
});

/** What the server is configured with. Paths are absolute. */
export type Settings = z.infer<typeof settingsSchema>;

/** Thrown when the configuration file is missing or wrong; the message names the file and the field. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads the server's configuration file (YAML).
 * @param path absolute or relative path of the file
 * @throws SettingsError with a sentence that names the file and every wrong field
 */
export async function loadSettings(path: string): Promise<Settings> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new SettingsError(`The configuration file ${path} cannot be read: ${(error as Error).message}`);
  }
  return parseSettings(text, path);
}

/** Parses the text of a configuration file; relative paths in it are resolved from the folder of `path`. */
export function parseSettings(text: string, path: string): Settings {
  let raw: unknown;
  try {
    raw = parse(text) ?? {};
  } catch (error) {
    throw new SettingsError(`The configuration file ${path} is not valid YAML: ${(error as Error).message}`);
  }
  const parsed = settingsSchema.safeParse(raw);
  if (!parsed.success)
    throw new SettingsError(`The configuration file ${path} is wrong:\n${z.prettifyError(parsed.error)}`);
  const ids = parsed.data.clusters.map((cluster) => cluster.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new SettingsError(`The configuration file ${path} registers cluster "${twice}" twice`);
  const base = dirname(resolve(path));
  return {
    ...parsed.data,
    clusters: parsed.data.clusters.map((cluster) => ({
      ...cluster,
      kubeconfig: resolve(base, cluster.kubeconfig),
      ...(cluster.kubectl === undefined ? {} : { kubectl: resolve(base, cluster.kubectl) }),
      ...(cluster.helm === undefined ? {} : { helm: resolve(base, cluster.helm) }),
      ...(cluster.metrics === undefined ? {} : { metrics: resolveMetrics(cluster.metrics, base) }),
    })),
    ...resolveGates(parsed.data, base),
    overlays: Object.fromEntries(
      Object.entries(parsed.data.overlays).map(([name, file]) => [name, resolve(base, file)]),
    ),
  };
}
