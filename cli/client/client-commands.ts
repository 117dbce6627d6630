import type { Command } from 'commander';
import { checksCommand } from '../commands/checks.js';
import { clustersCommand } from '../commands/clusters.js';
import { runCommands } from '../commands/commands.js';
import { getCommand } from '../commands/get.js';
import { listCommand } from '../commands/list.js';
import { operationsCommand } from '../commands/operations.js';
import { planCommand } from '../commands/plan.js';
import { policyCommand } from '../commands/policy.js';
import { releasesCommand } from '../commands/releases.js';
import { startCommand } from '../commands/start.js';
import type { Context } from './context.js';

/** Every command for people who upgrade, in the order of the help. All but `checks`, and `policy` in part, talk to a server. */
export function clientCommands(context: Context): readonly Command[] {
  return [
    planCommand(context),
    startCommand(context),
    getCommand(context),
    listCommand(context),
    ...runCommands(context),
    policyCommand(context),
    operationsCommand(context),
    checksCommand(context),
    clustersCommand(context),
    releasesCommand(context),
  ];
}
