import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { untilSo } from '../support/at-once.js';
import { rounded } from '../support/statistics.js';
import { usageOf, type Usage } from '../support/usage.js';

/** What many readers of one event stream cost, and how far behind the last of them is. */
export interface StreamFigures {
  readonly clients: number;
  /** Open until the end, with every entry. */
  readonly survived: number;
  readonly openSeconds: number;
  /** Answers but 200 while they were opened; each is tried again after a second, as a browser does. */
  readonly refusals: number;
  readonly rssMbBefore: number;
  readonly rssMbWith: number;
  readonly kilobytesPerClient: number;
  /** Share of one core that the API takes while nothing happens. */
  readonly idleCpuShare: number;
  /** CPU milliseconds of the API for each entry and client. */
  readonly cpuMsPerDelivery: number;
  /** From the time stamp of an entry until its last client had it, in milliseconds, by entry. */
  readonly lastClientMs: readonly number[];
}

interface Reader {
  readonly close: () => void;
  readonly isOpen: () => boolean;
  /** When each entry came, by its id. */
  readonly came: ReadonlyMap<number, number>;
}

/** What is measured. */
export interface StreamLoad {
  readonly url: string;
  readonly token: string;
  readonly clients: number;
  readonly apiPid: number;
  /** Makes the run write something into its journal. */
  readonly stir: () => Promise<unknown>;
  readonly times: number;
}

const IDLE_MS = 10_000;
const WITHIN_MS = 30_000;

/** Opens so many streams at once, stirs the run again and again, and sees when the last reader knows. */
export async function measureStreams(load: StreamLoad): Promise<StreamFigures> {
  const { clients, apiPid, stir, times } = load;
  const before = usageOf(apiPid);
  const began = performance.now();
  const written = new Map<number, number>();
  let refusals = 0;
  const opened = () =>
    persistently(
      () => openReader(load, agent, written),
      () => (refusals += 1),
    );
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  const readers = await Promise.all(Array.from({ length: clients }, opened));
  const openSeconds = rounded((performance.now() - began) / 1000, 1);
  try {
    const first = readers[0];
    if (first === undefined) throw new Error('no reader');
    const known = () => Math.max(0, ...first.came.keys());
    await allHave(readers, known());
    const idleFrom = usageOf(apiPid);
    await delay(IDLE_MS);
    const idleTo = usageOf(apiPid);
    const last = known();
    for (let number = 0; number < times; number++) {
      await stir();
      await delay(500);
    }
    await allHave(readers, known());
    const after = usageOf(apiPid);
    const fresh = [...first.came.keys()].filter((id) => id > last);
    return {
      clients,
      survived: readers.filter((reader) => reader.isOpen() && fresh.every((id) => reader.came.has(id))).length,
      openSeconds,
      refusals,
      rssMbBefore: before.rssMb,
      rssMbWith: idleTo.rssMb,
      kilobytesPerClient: rounded(((idleTo.rssMb - before.rssMb) * 1024) / clients, 1),
      idleCpuShare: rounded(cpuBetween(idleFrom, idleTo) / (IDLE_MS / 1000), 3),
      cpuMsPerDelivery: rounded((cpuBetween(idleTo, after) * 1000) / Math.max(1, fresh.length * clients), 3),
      lastClientMs: fresh.map((id) => latenessOf(id, readers, written)),
    };
  } finally {
    readers.forEach((reader) => reader.close());
    agent.destroy();
  }
}

const cpuBetween = (from: Usage, to: Usage) => to.cpuSeconds - from.cpuSeconds;

/** Time of the last reader that got an entry, after the time stamp in it. */
function latenessOf(id: number, readers: readonly Reader[], written: ReadonlyMap<number, number>): number {
  const last = Math.max(...readers.map(({ came }) => came.get(id) ?? 0));
  return Math.round(last - (written.get(id) ?? last));
}

async function allHave(readers: readonly Reader[], id: number): Promise<void> {
  await untilSo(`entry ${id} at all readers`, WITHIN_MS, () =>
    readers.every(({ came, isOpen }) => came.has(id) || !isOpen()),
  );
}

const MOST_TRIES = 60;

async function persistently(open: () => Promise<Reader>, refused: () => void): Promise<Reader> {
  for (let triesLeft = MOST_TRIES - 1; ; triesLeft--) {
    try {
      return await open();
    } catch (error) {
      if (triesLeft === 0) throw error;
      refused();
      await delay(1_000);
    }
  }
}

function openReader({ url, token }: StreamLoad, agent: Agent, written: Map<number, number>): Promise<Reader> {
  const came = new Map<number, number>();
  let open = true;
  return new Promise((resolve, reject) => {
    const call = request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new Error(`GET ${url}: ${response.statusCode}`));
        return;
      }
      response.once('close', () => (open = false)).on('error', () => (open = false));
      readEvents(response, (id, at) => {
        came.set(id, Date.now());
        written.set(id, at);
      });
      resolve({ came, isOpen: () => open, close: () => call.destroy() });
    });
    call.on('error', reject);
    call.end();
  });
}

function readEvents(response: IncomingMessage, take: (id: number, at: number) => void): void {
  let rest = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const id = /^id: (\d+)$/m.exec(block)?.[1];
      const at = /"at":"([^"]+)"/.exec(block)?.[1];
      if (id !== undefined && at !== undefined) take(Number(id), Date.parse(at));
    }
  });
}
