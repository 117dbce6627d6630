import { startServed, type Served } from '../support/served.js';
import { forgetPeak, usageOf } from '../support/usage.js';
import { untilSo } from '../support/at-once.js';
import type { Arena, MoveMesh, Performance } from './arena.js';
import type { MeshliftFigures } from './result.js';
import { startUpgrade, untilLastGate, type PolicyWords } from './upgrade.js';

const RUN_WITHIN_MS = 3_600_000;

/** A budget that holds nothing back. */
const WIDE = {
  budget: {
    maxUnavailablePods: '100%',
    maxUnavailablePerNamespace: '100%',
    maxConcurrentWorkloads: 5_000,
    maxSurgePods: 100_000,
  },
};
const EVICT = { replace: { by: 'evict', allowGap: true } };

/** The policies of the methods that are Meshlift's. */
export const POLICIES = {
  /** The default budget: 5 % of the pods, 25 % of those of a namespace. */
  f: {},
  g: WIDE,
  /** The default budget of all pods; a namespace may give all that there is of it. */
  h5: {
    ...EVICT,
    budget: { maxUnavailablePods: '5%', maxUnavailablePerNamespace: '100%', maxConcurrentWorkloads: 5_000 },
  },
  /** One pod of each workload: what an eviction takes at once. */
  h1: { ...EVICT, ...WIDE },
} as const satisfies Record<string, PolicyWords>;

/** Something to do to a run in the middle of it. */
export type Disturb = (arena: Arena, served: Served, run: string) => Promise<Partial<MeshliftFigures>>;

/** Methods (f) to (h): a real `meshlift serve`, asked through its API. */
export function byMeshlift(policy: PolicyWords, disturb?: Disturb): MoveMesh {
  return async (arena) => {
    const served = await startServed(arena.sandbox.configFile);
    let failed = true;
    try {
      const performance = await conduct(arena, served, policy, disturb);
      failed = false;
      return performance;
    } finally {
      await served.stop(failed);
      if (failed) arena.say(`what Meshlift says is in ${served.dataDir}`);
    }
  };
}

async function conduct(arena: Arena, served: Served, policy: PolicyWords, disturb?: Disturb): Promise<Performance> {
  const { sandbox, size, observer, say } = arena;
  const { run, waves } = await startUpgrade(served, sandbox.name, size, policy);
  const atGate = untilLastGate(served, run, RUN_WITHIN_MS);
  // Whoever fails first is heard below.
  atGate.catch(() => undefined);
  await Promise.race([atGate, untilSo('the first label', RUN_WITHIN_MS, () => observer.startedAt() !== null)]);
  const before = await served.pids();
  const atStart = usageOfAll(before);
  Object.values(before).forEach(forgetPeak);
  say('the first namespace is labelled');
  const extras = (await disturb?.(arena, served, run)) ?? {};
  await atGate;
  const gateAt = Date.now();
  const doneAt = observer.doneAt();
  const figures = figuresOf(atStart, usageOfAll(await served.pids()));
  if (waves > 1) say(`the run has ${waves} waves: this server does not know the waves of a policy`);
  return {
    meshlift: {
      ...figures,
      histories: await served.histories(),
      tailSeconds: doneAt === null ? null : Math.max(0, (gateAt - doneAt) / 1000),
      ...extras,
    },
  };
}

function usageOfAll({ worker, temporal, api }: Awaited<ReturnType<Served['pids']>>) {
  return { worker: usageOf(worker), temporal: usageOf(temporal), api: usageOf(api) };
}

type AllUsage = ReturnType<typeof usageOfAll>;

function figuresOf(from: AllUsage, to: AllUsage) {
  const cpu = (part: keyof AllUsage) =>
    Math.max(0, Math.round((to[part].cpuSeconds - from[part].cpuSeconds) * 100) / 100);
  return {
    workerCpuSeconds: cpu('worker'),
    workerPeakRssMb: to.worker.peakRssMb,
    temporalCpuSeconds: cpu('temporal'),
    temporalPeakRssMb: to.temporal.peakRssMb,
    apiCpuSeconds: cpu('api'),
  };
}
