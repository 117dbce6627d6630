import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createContext, type ActivityContext } from '../../../activities/context.js';
import { detectMesh } from '../../../activities/planning/detect-mesh.js';
import { planOf } from '../../../activities/planning/make-plan.js';
import { askAll } from '../../../activities/planning/preflight.js';
import type { Finding, Plan } from '../../../domain/plan.js';
import { upgradeRequestSchema } from '../../../domain/plan.js';
import { loadCatalogue } from '../../../settings/catalogue.js';
import { defaultCacheDir } from '../../../settings/paths.js';
import { loadSettings, type RegisteredCluster, type Settings } from '../../../settings/settings.js';
import type { Sandbox } from '../../../sandbox/sandbox.js';

/** What one preflight is about, where it is not the sandbox as it is. */
export interface Circumstances {
  readonly options?: Record<string, unknown>;
  /** The registered cluster with other properties, for instance another identity. */
  readonly cluster?: Partial<RegisteredCluster>;
  readonly settings?: Partial<Settings>;
  /** Version of the catalogue that the plan leads to. @default 1.6.14-asm.2 */
  readonly release?: string;
  /** Changes the plan that is checked, for instance its source. */
  readonly plan?: (plan: Plan) => Plan;
  /** Another folder for releases than the one that all tests share. */
  readonly cacheDir?: string;
  /** As for a plan that somebody waits for, not as for a run. */
  readonly impatient?: boolean;
}

/** Checks of the real sandbox as the activity asks them, without Temporal in between. */
export async function preflightOf(sandbox: Sandbox, about: Circumstances = {}): Promise<readonly Finding[]> {
  return inContext(sandbox, about, async (context) => {
    const plan = await planIn(context, sandbox, about);
    const { impatient = false } = about;
    return askAll(context, { plan: about.plan?.(plan) ?? plan, impatient }, AbortSignal.timeout(60_000));
  });
}

/** The plan that a preflight would check, with the findings of the version gate. */
export async function planOfSandbox(sandbox: Sandbox): Promise<Plan> {
  return inContext(sandbox, {}, (context) => planIn(context, sandbox, {}));
}

async function inContext<T>(
  sandbox: Sandbox,
  about: Circumstances,
  work: (context: ActivityContext) => Promise<T>,
): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meshlift-preflight-'));
  try {
    return await work(await contextOf(sandbox, about, dataDir));
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function planIn(context: ActivityContext, sandbox: Sandbox, about: Circumstances): Promise<Plan> {
  const { options = {}, release = '1.6.14-asm.2' } = about;
  const request = upgradeRequestSchema.parse({ cluster: sandbox.name, release, options });
  const mesh = await detectMesh(sandbox.name, context.access(sandbox.name).kube);
  return planOf(request, context.release(request.release), mesh);
}

async function contextOf(sandbox: Sandbox, about: Circumstances, dataDir: string): Promise<ActivityContext> {
  const loaded = await loadSettings(sandbox.configFile);
  const settings: Settings = {
    ...loaded,
    ...about.settings,
    clusters: loaded.clusters.map((cluster) => ({ ...cluster, ...about.cluster })),
  };
  const never = () => {
    throw new Error('a preflight keeps no journal');
  };
  return createContext({
    settings,
    catalogue: loadCatalogue(settings),
    journal: { append: never, read: never, snapshot: never, follow: never } as unknown as ActivityContext['journal'],
    cacheDir: about.cacheDir ?? defaultCacheDir(),
    dataDir,
    logger: pino({ level: 'silent' }),
  });
}
