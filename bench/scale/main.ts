/**
 * `npm run bench:scale`: one run over 10,000 pods in 500 namespaces, through its wave to its end.
 *   --namespaces 500  --deployments 4  --replicas 5   --rate raised   --out bench/results/scale.raw.json   --keep
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { downSandbox } from '../../sandbox/sandbox.js';
import { reportFigures, type Figure } from '../../test/support/figures.js';
import { startUpgrade, standsStill, untilLastGate } from '../migrate/upgrade.js';
import { readWords } from '../support/arguments.js';
import { sayingSince } from '../support/clock.js';
import { makeFrozenMesh, NEW_PROXY, NEW_REVISION, thawMesh } from '../support/frozen-mesh.js';
import { startObserver } from '../support/observer.js';
import { startServed, type Served } from '../support/served.js';
import { podsOfAll, workloadsOf, type Shape } from '../support/size.js';
import { rounded } from '../support/statistics.js';
import { forgetPeak, usageOf } from '../support/usage.js';
import { watchProgress, type Progress } from './watch-progress.js';

const MESH = 'bench-scale';
const RUN_WITHIN_MS = 7_200_000;
/** It has 320 cores, and a sidecar asks for a tenth of one. */
const ROOM_OF_A_NODE = 3_200;

const words = readWords(
  process.argv.slice(2),
  { namespaces: '500', deployments: '4', replicas: '5', rate: 'raised', out: 'bench/results/scale.raw.json' },
  ['keep'],
);
const size = { namespaces: Number(words['namespaces']), deployments: Number(words['deployments']) };
const shape: Shape = { replicas: () => Number(words['replicas']), readySeconds: () => 0 };
const workloads = workloadsOf(size, shape);
const pods = podsOfAll(workloads);
const say = sayingSince();

/** Opens the last gate and waits for the end of the run. @throws when it stands still */
async function finish({ api }: Served, run: string): Promise<number> {
  const began = Date.now();
  await api.promote(run);
  for (;;) {
    const state = await api.state(run);
    if (state.phase.name === 'succeeded') return (Date.now() - began) / 1000;
    const stuck = standsStill(state);
    if (stuck !== null) throw new Error(`the run stands still: ${stuck}`);
    if (Date.now() - began > RUN_WITHIN_MS) throw new Error(`the run does not end: ${state.phase.name}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

async function measure() {
  const sandbox = await thawMesh(MESH, words['rate'] === 'stock');
  const observer = await startObserver({
    kubeconfig: sandbox.adminKubeconfig,
    revision: NEW_REVISION,
    proxyTag: NEW_PROXY,
  });
  const served = await startServed(sandbox.configFile);
  let failed = true;
  try {
    const before = await served.pids();
    forgetPeak(before.worker);
    const progress = watchProgress({ observer, served });
    const began = Date.now();
    const { run, waves } = await startUpgrade(served, MESH, size, {});
    const telling = setInterval(() => {
      const { newReady, unavailable } = observer.counts();
      say(`${newReady} of ${pods} pods moved, ${unavailable} unavailable, worker ${usageOf(before.worker).rssMb} MB`);
    }, 15_000);
    try {
      await untilLastGate(served, run, RUN_WITHIN_MS);
      say('at the last gate');
      const finalSeconds = await finish(served, run);
      const watched = await progress.stop();
      const after = await served.pids();
      failed = false;
      return {
        waves,
        watched,
        finalSeconds,
        prepareSeconds: ((observer.startedAt() ?? began) - began) / 1000,
        sameWorker: before.worker === after.worker,
        workerCpuSeconds: usageOf(after.worker).cpuSeconds,
        temporal: usageOf(after.temporal),
        histories: await served.histories(),
        observation: await observer.report(),
      };
    } finally {
      clearInterval(telling);
    }
  } finally {
    observer.kill();
    await served.stop(failed);
    if (failed) say(`what Meshlift says is in ${served.dataDir}`);
  }
}

type Measured = Awaited<ReturnType<typeof measure>>;

function figuresOf({ observation, watched, histories, sameWorker }: Measured): Figure[] {
  const finished = observation.doneAt !== null && sameWorker;
  return [
    { key: 'scale10k.pods_moved', value: finished ? observation.atEnd.newReady : 0, unit: 'pods', goal: ['>=', pods] },
    { key: 'scale10k.rss_mb', value: watched.peakRssMb, unit: 'MB', goal: ['<=', 500] },
    { key: 'scale10k.longest_gap_seconds', value: rounded(watched.longestGapSeconds, 1), unit: 's', goal: ['<=', 30] },
    // Temporal ends a workflow at 51,200 events or 50 MB; it suggests to continue as new much earlier.
    { key: 'scale10k.longest_history', value: histories.longestEvents, unit: 'events', goal: ['<=', 20_000] },
    { key: 'scale10k.double_restarts', value: observation.doubleRestarts.length, unit: 'workloads', goal: ['==', 0] },
  ];
}

/** Every tenth sample: enough for a picture. */
function thinned({ samples, ...rest }: Progress) {
  return { ...rest, samples: samples.filter((_, index) => index % 10 === 0) };
}

process.once('SIGINT', () => void downSandbox(MESH).then(() => process.exit(130)));
// What goes wrong in a timer must not leave a cluster of 10,000 pods behind.
process.once('uncaughtException', (error) => {
  console.error(error);
  void downSandbox(MESH).finally(() => process.exit(1));
});
const seedBegan = performance.now();
try {
  const moreNodes = Math.ceil((pods * 1.5) / ROOM_OF_A_NODE);
  await makeFrozenMesh({ name: MESH, size, workloads, audit: false, moreNodes, progress: say });
  const seedSeconds = Math.round((performance.now() - seedBegan) / 1000);
  const { observation, watched, ...measured } = await measure();
  const { labels, restarts, samples, ...seen } = observation;
  const seconds = ((observation.doneAt ?? 0) - (observation.startedAt ?? 0)) / 1000;
  const details = {
    ...{ size, pods, seedSeconds, seconds, podsPerMinute: Math.round((pods / seconds) * 60), ...measured },
    ...{
      watched: thinned(watched),
      labelled: labels.length,
      restarted: restarts.length,
      samples: samples.length,
      seen,
    },
  };
  const out = words['out'] ?? '';
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, `${JSON.stringify(details, null, 1)}\n`);
  await reportFigures('scale10k', figuresOf({ observation, watched, ...measured }), details);
} finally {
  if (words['keep'] !== 'yes') await downSandbox(MESH);
}
process.exit(0);
