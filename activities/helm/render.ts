import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { carriedValues, keptValues, releaseNameOf } from '../../domain/helm.js';
import { isInPlace, type Route } from '../../domain/plan.js';
import type { ActivityContext } from '../context.js';
import { objectsIn } from '../kube/manifests.js';
import type { KubeObject } from '../kube/types.js';
import { chosenValues, ISTIOD_CHART } from './control-plane.js';
import { crdsOf } from './crds.js';
import { helmOf } from './helm.js';
import { sourceRelease } from './releases.js';

/** What would be installed. */
interface Wish {
  /** Where the release is unpacked. */
  readonly dir: string;
  readonly route: Route;
  readonly set: readonly string[];
  readonly overlays: readonly string[];
}

/** Renders a control plane as Helm would install it: with the values that it would get, and with the chart's own alone. */
export async function renderByHelm(
  context: ActivityContext,
  cluster: string,
  { dir, route, set, overlays }: Wish,
  signal: AbortSignal,
): Promise<{ readonly given: readonly KubeObject[]; readonly plain: readonly KubeObject[] }> {
  const helm = helmOf(context, cluster, signal);
  const source = await sourceRelease(context.access(cluster).kube, cluster, route);
  const old = await helm.values(source.namespace, source.name);
  const { revision } = route.to;
  const values = isInPlace(route) ? keptValues(old) : carriedValues(old);
  const crds = await crdsOf(dir);
  const render = async (chosen: readonly string[]) => {
    const args = ['template', '--namespace', source.namespace, ...chosen, '--'];
    const { stdout } = await helm.run([...args, releaseNameOf(revision), join(dir, ISTIOD_CHART)]);
    return [...crds, ...objectsIn(stdout)];
  };
  // Values may hold what nobody else should read.
  const folder = await mkdtemp(join(tmpdir(), 'meshlift-values-'));
  try {
    const file = join(folder, 'values.json');
    await writeFile(file, JSON.stringify(values), { mode: 0o600 });
    return {
      given: await render(chosenValues(revision, [file, ...overlays], set)),
      plain: await render(chosenValues(revision, [], [])),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
