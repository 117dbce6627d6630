import { Command, Option } from 'commander';
import { explainPolicy } from '../../domain/policy/explain.js';
import { policySchema } from '../../domain/policy/schema.js';
import { upgradeRequestSchema } from '../../domain/plan.js';
import { clusterArgument, parseCluster, runArgument } from '../client/arguments.js';
import { clientCommand, connect, outputOption, print, type ClientOptions } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { isWritten, readPolicy } from '../client/policy-file.js';
import { ApiProblem } from '../client/problem.js';
import { UsageError } from '../exit-codes.js';
import { renderPolicy } from '../render/policy.js';
import { renderSummary } from '../render/run-header.js';
import { clean } from '../render/text.js';

interface ExplainOptions extends ClientOptions {
  readonly cluster?: string;
  readonly release?: string;
}

/** `meshlift policy`: what a policy means, and another one for a run that is under way. */
export function policyCommand(context: Context): Command {
  const command = new Command('policy').description('Policies: validate, explain, change that of a run.');
  for (const part of [validatePart, explainPart, changePart]) command.addCommand(part(context));
  return command;
}

function validatePart(context: Context): Command {
  return new Command('validate')
    .description('Check a policy by the rules of the server. Needs no server.')
    .argument('<file>', 'the policy, YAML or JSON')
    .addOption(outputOption())
    .action(async (file: string, options: Pick<ClientOptions, 'output'>) => {
      const { policy } = await readPolicy(file, 'changed');
      print(context, options, policy, () => `${clean(file)} is a policy.\n`);
    });
}

function explainPart(context: Context): Command {
  return clientCommand('explain', 'Say in words what a policy does. Needs a server only with --cluster.')
    .argument('[file]', 'the policy, YAML or JSON (default: what holds without one)')
    .addOption(new Option('--cluster <cluster>', 'show which namespaces its waves have there').argParser(parseCluster))
    .option('--release <version>', 'release to upgrade that cluster to')
    .action(async (file: string | undefined, options: ExplainOptions) => {
      const { policy, written } =
        file === undefined ? { policy: policySchema.parse({}), written: {} } : await readPolicy(file);
      const { cluster, release } = options;
      if ((cluster === undefined) !== (release === undefined))
        throw new UsageError('--cluster and --release belong together: the waves follow from both.');
      const plan =
        cluster === undefined
          ? undefined
          : await (
              await connect(options, context)
            ).plan(upgradeRequestSchema.parse({ cluster, release, options: { policy } }));
      const sections = explainPolicy(policy, (path) => isWritten(written, path), plan);
      print(context, options, { policy, sections }, () => renderPolicy(sections, { ...context, ascii: !context.tty }));
    });
}

/** Bound to the run and to the plan that it follows now: a change cannot reach another one. */
function changePart(context: Context): Command {
  return clientCommand('change', 'Give a run another policy for the waves that have not begun.')
    .addArgument(clusterArgument())
    .addArgument(runArgument())
    .requiredOption('-f, --file <file>', 'the policy, YAML or JSON: all of it, what it leaves out is the default')
    .option('--plan-hash <hash>', 'hash of the plan that you have read (default: that of the run)')
    .action(async (cluster: string, runId: string, options: ClientOptions & { file: string; planHash?: string }) => {
      const { policy } = await readPolicy(options.file);
      const client = await connect(options, context);
      const state = await client.state({ cluster, runId });
      const planHash = options.planHash ?? state.plan?.hash;
      if (planHash === undefined) throw withoutPlan(cluster);
      const changed = await client.command({ cluster, runId: state.runId }, 'policy', { planHash, policy });
      print(context, options, changed, () => `${clean(renderSummary(changed))}\nPlan ${changed.plan?.hash ?? ''}\n`);
    });
}

function withoutPlan(cluster: string): ApiProblem {
  return new ApiProblem({
    status: 409,
    code: 'WrongPhase',
    detail: `The run of ${cluster} has no plan yet, and so no policy. Nothing was sent.`,
    hint: `See where it is: meshlift get ${cluster}`,
    retryable: true,
  });
}
