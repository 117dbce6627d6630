import type { Command } from 'commander';
import { isBlocking } from '../../domain/checks/verdicts.js';
import { clusterArgument } from '../client/arguments.js';
import { clientCommand, connect, outputOption, print } from '../client/client-command.js';
import type { Context } from '../client/context.js';
import { addRequestOptions, toRequest, type RequestOptions } from '../client/upgrade-request.js';
import { EXIT } from '../exit-codes.js';
import { renderPlan } from '../render/plan.js';

/** `meshlift plan`: what an upgrade would do. */
export function planCommand(context: Context): Command {
  const command = clientCommand(
    'plan',
    'Show what an upgrade would do. Changes nothing.',
    outputOption({ wide: true }),
  ).addArgument(clusterArgument());
  return addRequestOptions(command).action(async (cluster: string, options: RequestOptions) => {
    const request = await toRequest(cluster, options);
    const plan = await (await connect(options, context)).plan(request);
    print(context, options, plan, () =>
      renderPlan(plan, { ...context, ascii: !context.tty, wide: options.output === 'wide' }),
    );
    context.finish(plan.findings.some(isBlocking) ? EXIT.failed : EXIT.done);
  });
}
