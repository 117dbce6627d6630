import { isFinal } from '../../domain/phases.js';
import { upgradeRequestSchema } from '../../domain/plan.js';
import type { RunState } from '../../domain/run.js';
import type { ApiClient, RunPath } from '../client/api-client.js';
import type { Context } from '../client/context.js';
import { watchRun } from '../client/watch.js';
import { renderPlan } from '../render/plan.js';
import { askToGoOn } from './ask.js';
import { TARGET } from './checks.js';

/** Who plays the person in front of Meshlift, and what they want. */
export interface Conducting {
  readonly client: ApiClient;
  readonly cluster: string;
  /** Go back at the last gate instead of finishing. */
  readonly rollback: boolean;
  readonly context: Context;
  readonly signal: AbortSignal;
}

/** How long a gate waits where nobody can be asked. */
const SECONDS_TO_THINK = 10;

/**
 * Shows the plan, starts the upgrade, watches it, and opens its gates or goes back.
 * @returns the last state: over, or standing still
 */
export async function conductRun(conducting: Conducting): Promise<RunState> {
  const { client, cluster, context } = conducting;
  const request = upgradeRequestSchema.parse({
    cluster,
    release: TARGET.version,
    options: { canary: ['catalog'], soakSeconds: 0, finalizeSoakSeconds: 2 },
  });
  const plan = await client.plan(request);
  const { width, color, tty } = context;
  context.out(`\nThe plan; nothing has changed yet:\n\n${renderPlan(plan, { width, color, ascii: !tty })}\n`);
  const run = await client.start(request);
  const write = tty ? context.out : eachLineOnce(context.out);
  for (;;) {
    const state = await watch(conducting, run, write);
    if (state.phase.name !== 'awaitingPromotion') return state;
    await decide(conducting, run, state);
  }
}

/** Each watch begins with what has happened so far; lines carry their time, so a line that is equal is the same. */
function eachLineOnce(write: (text: string) => void): (text: string) => void {
  const seen = new Set<string>();
  return (text) => {
    for (const line of text.split(/(?<=\n)/)) {
      if (!seen.has(line)) write(line);
      seen.add(line);
    }
  };
}

function watch(
  { client, context, signal }: Conducting,
  run: RunPath,
  write: (text: string) => void,
): Promise<RunState> {
  const { tty, width, height, color } = context;
  return watchRun({
    client,
    ...run,
    write,
    tty,
    width,
    ...(height === undefined ? {} : { height }),
    color,
    signal,
    until: ({ phase }) => isFinal(phase) || ['awaitingPromotion', 'blocked', 'rollbackBlocked'].includes(phase.name),
  });
}

async function decide(conducting: Conducting, run: RunPath, { phase, plan }: RunState): Promise<void> {
  const { client, context, rollback, signal } = conducting;
  if (phase.name !== 'awaitingPromotion') return;
  const { gate } = phase;
  if (rollback && gate === 'finalize') {
    context.err('Everything has moved. Going back from here, as asked by --rollback.\n');
    await client.rollBack(run, 'the demo goes back');
  } else if (await askToGoOn(`The run waits at gate ${gate}. Promote it?`, SECONDS_TO_THINK, signal)) {
    await client.command(run, 'promote', { gate, planHash: plan?.hash ?? '' });
  } else {
    context.err('Going back instead.\n');
    await client.rollBack(run, `gate ${gate} was not promoted`);
  }
}
