import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { UpgradeOptions } from '../../domain/plan.js';
import type { Release } from '../../domain/release.js';
import { overlay, withSet } from '../../domain/settings-diff.js';
import type { ActivityContext } from '../context.js';
import { runCommand, type CommandResult } from '../exec.js';
import { failure } from '../failure.js';
import type { KubeObject } from '../kube/types.js';
import { releaseFor } from '../releases/release-for.js';

/** Both ends of a comparison: with the caller's options, and with the profile alone. */
export interface Both<T> {
  readonly given: T;
  readonly plain: T;
}

/** What the release would install, found out without touching the cluster. Everything is made once, at first use. */
export interface TargetInstallation {
  /** Fetches and proves the release. @throws DownloadFailed, SignatureInvalid, ArchiveInvalid */
  fetched(): Promise<{ readonly dir: string; readonly istioctl: string }>;
  /** The objects that `istioctl install` would apply, as the release's own istioctl renders them. */
  manifests(): Promise<Both<readonly KubeObject[]>>;
  /** The IstioOperator specification that istioctl would work from. */
  specs(): Promise<Both<unknown>>;
  /** Runs the release's istioctl. It is given no way to a cluster but by its arguments. */
  istioctl(args: readonly string[], timeoutMs: number): Promise<CommandResult>;
}

/** Looks at a release through its own istioctl and profiles. */
export function createTargetInstallation(
  context: ActivityContext,
  release: Release,
  options: UpgradeOptions,
  signal: AbortSignal,
): TargetInstallation {
  const fetched = once(() => releaseFor(context, release, signal));
  const overlays = () => context.overlayFiles(options.overlays);
  const run = async (args: readonly string[], timeoutMs: number) => {
    const { istioctl } = await fetched();
    return runCommand({ file: istioctl, args, signal, timeoutMs });
  };
  const render = async (chosen: readonly string[]) => {
    const profile = ['--set', `profile=${release.profile}`, '--set', `revision=${release.revision}`];
    const { exitCode, stdout, tail } = await run(['manifest', 'generate', ...profile, ...chosen], 60_000);
    if (exitCode !== 0) throw failure('InstallFailed', `istioctl manifest generate refused the options: ${tail}`);
    return objectsIn(stdout);
  };
  const chosen = () => [
    ...overlays().flatMap((file) => ['-f', file]),
    ...options.set.flatMap((option) => ['--set', option]),
  ];
  return {
    fetched,
    istioctl: run,
    manifests: once(async () => {
      const plain = render([]);
      const given = chosen().length === 0 ? plain : render(chosen());
      return { given: await given, plain: await plain };
    }),
    specs: once(async () => {
      const { dir } = await fetched();
      const plain = await profileSpec(dir, release.profile);
      const files = await Promise.all(overlays().map(specIn));
      const given = options.set.reduce(withSet, files.reduce(overlay, plain));
      return { given, plain };
    }),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** Every object of a stream of YAML documents; documents of comments alone hold none. */
export function objectsIn(text: string): KubeObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

/** Istio lays every other profile over its default one. */
async function profileSpec(dir: string, profile: string): Promise<unknown> {
  const file = (name: string) => join(dir, 'manifests', 'profiles', `${name}.yaml`);
  const [base, own] = await Promise.all([specIn(file('default')).catch(() => ({})), specIn(file(profile))]);
  return overlay(base, own);
}

async function specIn(file: string): Promise<unknown> {
  return (parse(await readFile(file, 'utf8')) as { spec?: unknown }).spec ?? {};
}
