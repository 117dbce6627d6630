/**
 * `npm run bench:overhead`: what Meshlift's API costs while a mesh is upgraded.
 *   --size 20x4  --plans 20  --rps 200  --seconds 30  --clients 1000  --keep
 */
import { downSandbox } from '../../sandbox/sandbox.js';
import { reportFigures, type Figure } from '../../test/support/figures.js';
import { startUpgrade, untilLastGate } from '../migrate/upgrade.js';
import { readWords } from '../support/arguments.js';
import { sayingSince } from '../support/clock.js';
import { makeFrozenMesh, NEW_PROXY, thawMesh } from '../support/frozen-mesh.js';
import { startServed } from '../support/served.js';
import { parseSize, podsOfAll, workloadsOf } from '../support/size.js';
import { rounded } from '../support/statistics.js';
import { usageOf } from '../support/usage.js';
import { measureCalls, measureLoad } from './requests.js';
import { measureStreams } from './streams.js';

const MESH = 'bench-overhead';
const RUN_WITHIN_MS = 1_800_000;
const STIRS = 10;

const words = readWords(
  process.argv.slice(2),
  { size: '20x4', plans: '20', rps: '200', seconds: '30', clients: '1000' },
  ['keep'],
);
const size = parseSize(words['size'] ?? '');
const workloads = workloadsOf(size);
const say = sayingSince();

async function measure() {
  const sandbox = await thawMesh(MESH, false);
  const served = await startServed(sandbox.configFile);
  let failed = true;
  try {
    const { api, url, token } = served;
    const options = { carryOver: 'none' };
    const plan = () => api.request('POST', '/v1/plans', { cluster: MESH, release: NEW_PROXY, options });
    const plans = await measureCalls(Number(words['plans']), plan);
    say(`a plan: p50 ${plans.p50} ms, p99 ${plans.p99} ms`);
    const { run } = await startUpgrade(served, MESH, size, {});
    await untilLastGate(served, run, RUN_WITHIN_MS);
    say('the run waits at its last gate');
    const { api: apiPid, worker } = await served.pids();
    const from = { api: usageOf(apiPid), worker: usageOf(worker) };
    const latest = { url: `${url}/v1/upgrades/${MESH}/latest`, token };
    const seconds = Number(words['seconds']);
    const status = await measureLoad({ ...latest, perSecond: Number(words['rps']), seconds });
    const cpuMs = (part: 'api' | 'worker', pid: number) =>
      rounded(((usageOf(pid).cpuSeconds - from[part].cpuSeconds) * 1000) / status.requests);
    const cpuMsPerStatus = { api: cpuMs('api', apiPid), worker: cpuMs('worker', worker) };
    say(
      `status: p50 ${status.p50} ms, p99 ${status.p99} ms, ${status.failed} failed, CPU ${JSON.stringify(cpuMsPerStatus)}`,
    );
    let paused = false;
    const stir = async () => {
      const answer = await api.command(run, paused ? 'resume' : 'pause', paused ? {} : { reason: 'a measurement' });
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
      paused = !paused;
    };
    const clients = Number(words['clients']);
    const streams = await measureStreams({ url: `${url}${run}/events`, token, clients, apiPid, stir, times: STIRS });
    say(`${streams.survived} of ${clients} streams; ${JSON.stringify(streams)}`);
    failed = false;
    return { plans, status, cpuMsPerStatus, streams };
  } finally {
    await served.stop(failed);
    if (failed) say(`what Meshlift says is in ${served.dataDir}`);
  }
}

function figuresOf({ plans, status, streams }: Awaited<ReturnType<typeof measure>>): Figure[] {
  return [
    { key: 'api.p99_ms', value: status.failed > 0 ? Infinity : status.p99, unit: 'ms', goal: ['<=', 50] },
    { key: 'api.plan_p50_ms', value: plans.p50, unit: 'ms', goal: ['<=', 5_000] },
    { key: 'sse.clients', value: streams.survived, unit: 'clients', goal: ['>=', Number(words['clients'])] },
    { key: 'sse.last_client_ms', value: Math.max(0, ...streams.lastClientMs), unit: 'ms', goal: ['<=', 2_000] },
    { key: 'sse.kib_per_client', value: streams.kilobytesPerClient, unit: 'KiB', goal: ['<=', 200] },
  ];
}

process.once('SIGINT', () => void downSandbox(MESH).then(() => process.exit(130)));
try {
  await makeFrozenMesh({ name: MESH, size, workloads, audit: false, progress: say });
  const measured = await measure();
  const details = { size: words['size'], pods: podsOfAll(workloads), ...measured };
  await reportFigures('overhead', figuresOf(measured), details);
} finally {
  if (words['keep'] !== 'yes') await downSandbox(MESH);
}
process.exit(0);
