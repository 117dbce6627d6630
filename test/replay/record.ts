/**
 * `npm run record:histories`: records anew, from real runs in two sandboxes, the histories that `npm test` replays. To be run when
 * the workflows change on purpose; afterwards the histories are committed with the change. Arguments: names of runs; all when left out.
 */
import { Client, Connection } from '@temporalio/client';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunState } from '../../domain/run.js';
import { upgradeWorkflowId } from '../../workflows/messages.js';
import { answers, changing } from '../support/faults.js';
import { startProxiedMesh, type ProxiedMesh } from '../support/proxied-mesh.js';
import { HISTORIES_DIR, type RECORDED_RUNS } from './histories.js';
import { historyToJson, type History } from './proto-json.js';

const OPTIONS = { canary: ['catalog'], parallelWorkloads: 2 };

type Name = (typeof RECORDED_RUNS)[number];
type Recording = (mesh: ProxiedMesh) => Promise<string>;

/** The runs of one mesh, in this order: only the last one does not bring it back to where it was. */
interface Session {
  readonly mesh: () => Promise<ProxiedMesh>;
  readonly runs: Readonly<Partial<Record<Name, Recording>>>;
}

const SESSIONS: readonly Session[] = [
  {
    mesh: () => startProxiedMesh('record'),
    runs: {
      'rollback-canary': (mesh) => rolledBackAt(mesh, ['canary']),
      'rollback-finalize': (mesh) => rolledBackAt(mesh, ['canary', 'finalize']),
      blocked,
      upgrade: (mesh) => upgraded(mesh, ['canary', 'finalize']),
    },
  },
  {
    // Tags that are held back, and a gateway of each kind.
    mesh: () => startProxiedMesh('record-gateways', { flavour: 'istio', scenario: 'default-gateways' }),
    runs: {
      'gateways-rollback': (mesh) => rolledBackAt(mesh, ['canary', 'rest', 'finalize'], CURRENT),
      'gateways-upgrade': (mesh) => upgraded(mesh, ['canary', 'rest', 'finalize'], CURRENT),
    },
  },
];
const CURRENT = '1.31.0';

const wanted = process.argv.slice(2);
for (const session of SESSIONS) {
  const runs = Object.entries(session.runs).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  if (runs.length === 0) continue;
  const mesh = await session.mesh();
  try {
    for (const [name, record] of runs) await save(mesh, name, await record(mesh));
  } finally {
    await mesh.stop();
  }
}
process.exit(0);

/** Refused in mid-wave and tried again, paused and resumed; then refused on the way back and tried again. */
async function blocked(mesh: ProxiedMesh): Promise<string> {
  const { api, proxy, cluster } = mesh;
  const run = await api.start(cluster, OPTIONS);
  const forbid = (path: RegExp) => proxy.on(changing('PATCH', path), answers(403, 'Forbidden', 'not today'));
  let takeBack = forbid(/\/namespaces\/catalog$/);
  await api.until(run, ({ phase }) => phase.name === 'blocked');
  takeBack();
  await demand(api.command(run, 'retry'));
  await demand(api.command(run, 'pause', { reason: 'a look around' }));
  await demand(api.command(run, 'resume'));
  await api.untilGate(run, 'canary');
  takeBack = forbid(/\/namespaces\/catalog$/);
  await demand(api.command(run, 'rollback', { reason: 'rehearsal' }));
  await api.until(run, ({ phase }) => phase.name === 'rollbackBlocked');
  takeBack();
  await demand(api.command(run, 'retry'));
  return ended(mesh, run, 'rolledBack');
}

async function rolledBackAt(mesh: ProxiedMesh, gates: readonly string[], release?: string): Promise<string> {
  const { api, cluster } = mesh;
  const run = await api.start(cluster, OPTIONS, release);
  for (const [index, gate] of gates.entries()) {
    await api.untilGate(run, gate);
    if (index < gates.length - 1) await api.promote(run);
  }
  await demand(api.command(run, 'rollback', { reason: 'rehearsal' }));
  return ended(mesh, run, 'rolledBack');
}

async function upgraded(mesh: ProxiedMesh, gates: readonly string[], release?: string): Promise<string> {
  const { api, cluster } = mesh;
  const run = await api.start(cluster, OPTIONS, release);
  for (const gate of gates) {
    await api.untilGate(run, gate);
    await api.promote(run);
  }
  return ended(mesh, run, 'succeeded');
}

async function demand(answer: Promise<{ status: number; body: unknown }>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 200) throw new Error(`the command was refused: ${status} ${JSON.stringify(body)}`);
}

/** @returns the id of the run */
async function ended(mesh: ProxiedMesh, run: string, phase: RunState['phase']['name']): Promise<string> {
  const { runId } = await mesh.api.untilPhase(run, phase);
  return runId;
}

/** Saves the history of a run, whole. */
async function save(mesh: ProxiedMesh, name: string, runId: string): Promise<void> {
  const { port } = JSON.parse(await readFile(join(mesh.dataDir, 'temporal.json'), 'utf8')) as { port: number };
  const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  try {
    const client = new Client({ connection });
    const handle = client.workflow.getHandle(upgradeWorkflowId(mesh.cluster), runId);
    await handle.result();
    await write(name, handle);
  } finally {
    await connection.close();
  }
}

async function write(name: string, handle: { fetchHistory(): Promise<History> }): Promise<void> {
  const file = join(HISTORIES_DIR, `${name}.json`);
  await writeFile(file, `${JSON.stringify(historyToJson(await handle.fetchHistory()))}\n`);
  console.log(`wrote ${file}`);
}
