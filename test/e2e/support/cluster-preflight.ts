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
  /** Changes the plan that is checked, for instance its source. */
  readonly plan?: (plan: Plan) => Plan;
}

/** Checks of the real sandbox as the activity asks them, without Temporal in between. */
export async function preflightOf(sandbox: Sandbox, about: Circumstances = {}): Promise<readonly Finding[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meshlift-preflight-'));
  try {
    return await ask(await contextOf(sandbox, about, dataDir), sandbox, about);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function ask(context: ActivityContext, sandbox: Sandbox, about: Circumstances): Promise<readonly Finding[]> {
  const request = upgradeRequestSchema.parse({
    cluster: sandbox.name,
    release: '1.6.14-asm.2',
    options: about.options ?? {},
  });
  const mesh = await detectMesh(sandbox.name, context.access(sandbox.name).kube);
  const plan = planOf(request, context.release(request.release), mesh);
  return askAll(context, about.plan?.(plan) ?? plan, AbortSignal.timeout(60_000));
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
    cacheDir: defaultCacheDir(),
    dataDir,
    logger: pino({ level: 'silent' }),
  });
}
