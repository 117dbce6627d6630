import { fork } from 'node:child_process';
import { nodeCommand } from '../../settings/node-command.js';
import { untilSo } from './at-once.js';
import type { Observation, ObserverNews } from './observation.js';
import type { Counts } from './tally.js';

/** The observer of a run, from the outside. */
export interface Observer {
  /** What it said last. */
  readonly counts: () => Counts;
  readonly restarts: () => number;
  /** When the last restart began; 0 before the first. */
  readonly lastRestartAt: () => number;
  /** When the first restart or label after an instant came; null when there was none yet. */
  readonly firstActAfter: (instant: number) => number | null;
  readonly startedAt: () => number | null;
  readonly doneAt: () => number | null;
  /** Ends it. */
  report(): Promise<Observation>;
  kill(): void;
}

/** What the observer must know. */
export interface ObserverOptions {
  readonly kubeconfig: string;
  readonly revision: string;
  readonly proxyTag: string;
}

/** Starts the observer; it knows the whole mesh when this resolves. */
export async function startObserver({ kubeconfig, revision, proxyTag }: ObserverOptions): Promise<Observer> {
  const command = nodeCommand(new URL('./observer-process.js', import.meta.url), []);
  const [entry = ''] = command.args.slice(-1);
  const child = fork(entry, [kubeconfig, revision, proxyTag], {
    execArgv: command.args.slice(0, -1),
    cwd: command.cwd,
  });
  let counts: Counts | null = null;
  const restarts: number[] = [];
  const labels: number[] = [];
  let startedAt: number | null = null;
  let doneAt: number | null = null;
  let observation: Observation | null = null;
  child.on('message', (message) => {
    const news = message as ObserverNews;
    if (news.type === 'ready' || news.type === 'progress') counts = news.counts;
    if (news.type === 'restart') restarts.push(news.at);
    if (news.type === 'label') labels.push(news.at);
    if (news.type === 'started') startedAt = news.at;
    if (news.type === 'done') doneAt = news.at;
    if (news.type === 'report') observation = news.observation;
  });
  const requireAlive = () => {
    if (child.exitCode !== null && observation === null) throw new Error('the observer died; its words are above');
  };
  const known = (): Counts => {
    requireAlive();
    if (counts === null) throw new Error('the observer has said nothing yet');
    return counts;
  };
  await untilSo('the observer', 60_000, () => (requireAlive(), counts !== null));
  return {
    counts: known,
    restarts: () => restarts.length,
    lastRestartAt: () => restarts.at(-1) ?? 0,
    firstActAfter: (instant) =>
      [...restarts, ...labels].filter((at) => at > instant).sort((one, other) => one - other)[0] ?? null,
    startedAt: () => startedAt,
    doneAt: () => (requireAlive(), doneAt),
    async report() {
      child.send('report');
      await untilSo('the report of the observer', 30_000, () => (requireAlive(), observation !== null));
      if (observation === null) throw new Error('the observer reports nothing');
      return observation;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
