import { DEFAULT_REVISION } from '../../domain/names.js';
import type { Route, UpgradeOptions } from '../../domain/plan.js';
import type { Release } from '../../domain/release.js';
import { overlay, withSet } from '../../domain/settings-diff.js';
import type { ActivityContext } from '../context.js';
import { failure } from '../failure.js';
import { renderByHelm } from '../helm/render.js';
import type { KubeObject } from '../kube/types.js';
import { objectsIn } from '../kube/manifests.js';
import { createReleaseTools, once, specIn, type ReleaseTools } from './release-tools.js';

/** Both ends of a comparison: with the caller's options, and with the profile alone. */
export interface Both<T> {
  readonly given: T;
  readonly plain: T;
}

/** What the release would install, found out without touching the cluster. Everything is made once, at first use. */
export interface TargetInstallation extends ReleaseTools {
  /** The objects that `istioctl install` would apply, as the release's own istioctl renders them. */
  manifests(): Promise<Both<readonly KubeObject[]>>;
  /** The IstioOperator specification that istioctl would work from. */
  specs(): Promise<Both<unknown>>;
}

/** What is to be installed where, and by whom. */
interface Target {
  readonly release: Release;
  readonly options: UpgradeOptions;
  readonly route: Route | null;
  readonly cluster: string;
}

/** What `istioctl` is told of the profile and the revision: `default` is the one that is installed without any. */
export function profileArguments(profile: string, revision: string): string[] {
  const named = revision === DEFAULT_REVISION ? [] : ['--set', `revision=${revision}`];
  return ['--set', `profile=${profile}`, ...named];
}

/** Looks at a release through its own istioctl and profiles. */
export function createTargetInstallation(
  context: ActivityContext,
  { release, options, route, cluster }: Target,
  signal: AbortSignal,
): TargetInstallation {
  const tools = createReleaseTools(context, release, signal);
  const wanted = options.profile ?? release.profile;
  const overlays = () => context.overlayFiles(options.overlays);
  const render = async (chosen: readonly string[]) => {
    const profile = profileArguments(wanted, release.revision);
    const { exitCode, stdout, tail } = await tools.istioctl(['manifest', 'generate', ...profile, ...chosen], 60_000);
    if (exitCode !== 0) throw failure('InstallFailed', `istioctl manifest generate refused the options: ${tail}`);
    return objectsIn(stdout);
  };
  if (route?.installer === 'helm') {
    const rendered = once(async () => {
      const { dir } = await tools.fetched();
      const wish = { dir, route, set: options.set, overlays: overlays() };
      return renderByHelm(context, cluster, wish, signal);
    });
    return { ...tools, manifests: rendered, specs: () => Promise.resolve({ given: {}, plain: {} }) };
  }
  const chosen = () => [
    ...overlays().flatMap((file) => ['-f', file]),
    ...options.set.flatMap((option) => ['--set', option]),
  ];
  return {
    ...tools,
    manifests: once(async () => {
      const plain = render([]);
      const given = chosen().length === 0 ? plain : render(chosen());
      return { given: await given, plain: await plain };
    }),
    specs: once(async () => {
      const plain = await tools.profile(wanted);
      if (plain === null) throw failure('ArchiveInvalid', `Release ${release.version} has no profile ${wanted}.`);
      const files = await Promise.all(overlays().map(specIn));
      const given = options.set.reduce(withSet, files.reduce(overlay, plain));
      return { given, plain };
    }),
  };
}
