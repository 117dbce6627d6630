/**
 * `npm run bench:migrate`: moves the same mesh by every method, again and again, each time from the same state.
 *   --methods a,b,c,d,f,g,h5,h1,p   --sizes 20x4,60x5   --rates raised,stock   --rounds 3
 *   --out bench/results/migrate     what is there already is not measured again, so that it can be interrupted
 *   --fresh                         measure again what is there
 *   --keep                          leave the meshes up for the next time
 *   --report                        measure nothing, only the tables and figures of what is there
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { downSandbox } from '../../sandbox/sandbox.js';
import { listed, readWords } from '../support/arguments.js';
import { sayingSince } from '../support/clock.js';
import { makeFrozenMesh } from '../support/frozen-mesh.js';
import { parseSize, sizeName, workloadsOf, type Size } from '../support/size.js';
import { report } from './report.js';
import { METHODS, RATES, readResults, type Method, type Rate, type RunResult } from './result.js';
import { runOnce } from './run-once.js';

const words = readWords(
  process.argv.slice(2),
  {
    methods: METHODS.join(','),
    sizes: '20x4,60x5',
    rates: RATES.join(','),
    rounds: '3',
    out: 'bench/results/migrate',
  },
  ['fresh', 'keep', 'report'],
);
const methods = oneOf(METHODS, words['methods'] ?? '');
const rates = oneOf(RATES, words['rates'] ?? '');
const sizes = listed(words['sizes'] ?? '').map(parseSize);
const rounds = Number(words['rounds']);
const out = words['out'] ?? '';
const say = sayingSince();

function oneOf<Word extends string>(known: readonly Word[], text: string): Word[] {
  return listed(text).map((word) => {
    const found = known.find((candidate) => candidate === word);
    if (found === undefined) throw new Error(`"${word}" is none of ${known.join(', ')}`);
    return found;
  });
}

interface Task {
  readonly method: Method;
  readonly rate: Rate;
  readonly round: number;
  readonly file: string;
}

/** Round by round, so that what the machine does meanwhile meets all methods alike. */
function tasksOf(size: Size): Task[] {
  const numbers = Array.from({ length: rounds }, (_, index) => index + 1);
  const all = numbers.flatMap((round) => rates.flatMap((rate) => methods.map((method) => ({ method, rate, round }))));
  return all
    .map((task) => ({ ...task, file: join(out, `${sizeName(size)}-${task.rate}-${task.method}-${task.round}.json`) }))
    .filter(({ file }) => words['fresh'] === 'yes' || !existsSync(file));
}

async function measure(size: Size): Promise<void> {
  const tasks = tasksOf(size);
  if (tasks.length === 0) return;
  const mesh = `bench-${sizeName(size)}`;
  process.once('SIGINT', () => void downSandbox(mesh).then(() => process.exit(130)));
  try {
    const progress = (line: string) => say(`${mesh}: ${line}`);
    await makeFrozenMesh({ name: mesh, size, workloads: workloadsOf(size), audit: true, progress });
    for (const [index, { method, rate, round, file }] of tasks.entries()) {
      const title = `${sizeName(size)} ${rate} (${method}) round ${round}`;
      say(`${index + 1}/${tasks.length} ${title} ...`);
      const result = await runOnce({ mesh, size, method, rate, round, say: (line) => say(`${title}: ${line}`) });
      // One that did not come to its end is kept for whoever wants to know why, and measured again the next time.
      const kept = result.seconds === null ? file.replace(/json$/, 'failed') : file;
      await writeFile(kept, `${compact(result)}\n`);
      say(`${title}: ${summary(result)}`);
    }
  } finally {
    if (words['keep'] !== 'yes') await downSandbox(mesh);
  }
}

/** Indented, but a list of numbers is one line. */
function compact(result: RunResult): string {
  return JSON.stringify(result, null, 1).replace(/\[[\s\d.,-]+\]/g, (numbers) => numbers.replace(/\s+/g, ''));
}

function summary({ seconds, pods, observation, requests, faults }: RunResult): string {
  const rate =
    seconds === null ? 'not finished' : `${seconds.toFixed(1)} s, ${Math.round((pods / seconds) * 60)} pods/min`;
  const peaks = `peak ${observation.peakUnavailable} unavailable, ${observation.peakExtra} extra`;
  const trouble = faults.length === 0 ? '' : `; FAULTS: ${faults.join('; ')}`;
  return `${rate}, ${peaks}, ${requests.total} requests, ${requests.tooMany} x 429${trouble}`;
}

await mkdir(out, { recursive: true });
if (words['report'] !== 'yes') for (const size of sizes) await measure(size);
await report(out, await readResults(out));
process.exit(0);
