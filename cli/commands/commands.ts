import { type Command, Option } from 'commander';
import { stepOf } from '../../domain/phases.js';
import type { RunState, SoakChange } from '../../domain/run.js';
import { pathOf, type ApiClient, type CommandVerb, type RunPath } from '../client/api-client.js';
import { clusterArgument, parseNamespace, parseReason, parseSoakChange, runArgument } from '../client/arguments.js';
import { clientCommand, connect, print, type ClientOptions } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { ApiProblem } from '../client/problem.js';
import { addWatchOptions, watchToTheEnd, type WatchFlags } from '../client/watch-command.js';
import { phaseWords, renderSummary } from '../render/run-header.js';
import { clean } from '../render/text.js';

interface CommandOptions extends ClientOptions {
  readonly reason?: string;
  readonly namespace?: string;
  readonly gate?: string;
  readonly planHash?: string;
  readonly soak?: SoakChange;
  readonly override?: string;
}

/** The commands that ask something of a run: pause, resume, promote, rollback, retry, skip, cancel. */
export function runCommands(context: Context): readonly Command[] {
  return [
    steering(context, 'pause', 'Let no new restart and no new step begin.').addOption(reasonOption()),
    steering(context, 'resume', 'Go on after a pause.'),
    promoteCommand(context),
    rollBackCommand(context),
    steering(context, 'retry', 'Go on at the step where the run is blocked.'),
    steering(context, 'skip', 'Leave one namespace out of the run.')
      .addOption(
        new Option('--namespace <namespace>', 'namespace to leave out').argParser(parseNamespace).makeOptionMandatory(),
      )
      .addOption(reasonOption()),
    steering(context, 'cancel', 'Drop a run that has not changed anything yet.'),
  ];
}

function reasonOption(): Option {
  return new Option('--reason <text>', 'why; it stands in the record of the run')
    .argParser(parseReason)
    .makeOptionMandatory();
}

/** A command whose body is just its options. */
function steering(context: Context, verb: CommandVerb, description: string): Command {
  return ofRun(verb, description).action(async (cluster: string, runId: string, options: CommandOptions) => {
    const { reason, namespace } = options;
    const body = { ...(namespace === undefined ? {} : { namespace }), ...(reason === undefined ? {} : { reason }) };
    const client = await connect(options, context);
    answer(context, options, await client.command({ cluster, runId }, verb, body));
  });
}

/** A run that has succeeded is taken back by a new one: then the answer is that one's, and so is the watch. */
function rollBackCommand(context: Context): Command {
  const command = ofRun('rollback', 'Bring everything back to what it was before the run, also after its end.');
  return addWatchOptions(command.addOption(reasonOption())).action(
    async (cluster: string, runId: string, options: CommandOptions & WatchFlags & { readonly reason: string }) => {
      const client = await connect(options, context);
      const answered = await client.rollBack({ cluster, runId }, options.reason);
      const run = { cluster, runId: answered.runId };
      if (!('phase' in answered)) context.err(`A new run takes the upgrade back: ${pathOf(run)}\n`);
      if (options.watch === true) await watchToTheEnd({ client, run, options, context });
      else answer(context, options, 'phase' in answered ? answered : await client.state(run));
    },
  );
}

function promoteCommand(context: Context): Command {
  return ofRun('promote', 'Open the gate that the run waits at; or change its soak, or override it.')
    .option('--gate <gate>', 'gate to open (default: the one that the run is at)')
    .option('--plan-hash <hash>', 'hash of the plan that you agreed to (default: that of the run)')
    .addOption(
      new Option('--soak <change>', 'while it soaks: skip ends that at once, +10m makes it longer, -5m shorter')
        .argParser(parseSoakChange)
        .conflicts('override'),
    )
    .addOption(
      new Option(
        '--override <reason>',
        'go on in spite of what an analysis, a webhook or a job says, and why',
      ).argParser(parseReason),
    )
    .action(async (cluster: string, runId: string, options: CommandOptions) => {
      const client = await connect(options, context);
      const { run, ...promotion } = await promotionOf(client, { cluster, runId }, options);
      answer(context, options, await client.command(run, 'promote', promotion));
    });
}

/** Fills in what was not said from the run itself: its id too, so that the promotion cannot reach a later run. */
async function promotionOf(client: ApiClient, path: RunPath, { gate, planHash, soak, override }: CommandOptions) {
  const state = await client.state(path);
  const open = gate ?? gateOf(state);
  const hash = planHash ?? state.plan?.hash;
  if (open === null || hash === undefined) throw nothingToPromote(state);
  return {
    run: { cluster: path.cluster, runId: state.runId },
    gate: open,
    planHash: hash,
    ...(soak === undefined ? {} : { soak }),
    ...(override === undefined ? {} : { override }),
  };
}

/** The gate that the run is at, or is blocked at; null where it is at none. */
function gateOf({ phase, plan }: RunState): string | null {
  const step = stepOf(phase);
  return step !== null && 'step' in step ? (plan?.waves[step.wave]?.gate ?? null) : null;
}

function nothingToPromote(state: RunState): ApiProblem {
  return new ApiProblem({
    status: 409,
    code: 'WrongPhase',
    detail: `The run of ${state.cluster} waits at no gate: it is ${phaseWords(state)}. Nothing was sent.`,
    hint: `See what it waits for: meshlift get ${state.cluster}`,
    retryable: false,
  });
}

function ofRun(verb: CommandVerb | 'rollback', description: string): Command {
  return clientCommand(verb, description).addArgument(clusterArgument()).addArgument(runArgument());
}

function answer(context: Context, options: ClientOptions, state: RunState): void {
  print(context, options, state, () => `${clean(renderSummary(state))}\n`);
}
