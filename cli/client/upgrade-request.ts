import { type Command, Option } from 'commander';
import { z } from 'zod';
import { upgradeRequestSchema, type UpgradeRequest, type Waiver } from '../../domain/plan.js';
import { UsageError } from '../exit-codes.js';
import { parseCount, parseDuration, parseReason } from './arguments.js';
import type { ClientOptions } from './client-command.js';
import { readPolicy } from './policy-file.js';

/** Options of `plan` and `start`, as commander gives them. */
export interface RequestOptions extends ClientOptions {
  readonly release: string;
  readonly canary?: readonly string[];
  readonly exclude?: readonly string[];
  readonly set?: readonly string[];
  readonly overlay?: readonly string[];
  readonly carryOver?: string;
  readonly profile?: string;
  readonly inPlace?: boolean;
  readonly waive?: readonly string[];
  readonly reason?: string;
  readonly soak?: number;
  readonly promotionTimeout?: number;
  readonly workloadTimeout?: number;
  readonly parallelWorkloads?: number;
  readonly policy?: string;
  readonly finalizeSoak?: number;
  readonly rollbackGrace?: number;
}

/** Adds the options that say what an upgrade shall be like. What is left out the server decides. */
export function addRequestOptions(command: Command): Command {
  const duration = (flags: string, text: string) => new Option(flags, text).argParser(parseDuration);
  const count = (flags: string, text: string) => new Option(flags, text).argParser(parseCount);
  return command
    .requiredOption('--release <version>', 'release to upgrade to, for instance 1.6.14-asm.2')
    .option('--policy <file>', 'waves, gates and safety budget, YAML or JSON; what an option says as well, it decides')
    .option('--canary <namespaces...>', 'namespaces of the first wave (default: the one with the fewest pods)')
    .option('--exclude <namespaces...>', 'namespaces that are left alone')
    .option('--set <options...>', 'options key=value of the old installation that the new one needs again')
    .option('--profile <name>', "profile of the release that is installed (default: the release's own)")
    .option('--in-place', 'replace the control plane where it is; its risk needs a waiver (default: install beside it)')
    .option('--overlay <names...>', "overlay files of the server's configuration")
    .addOption(
      new Option(
        '--carry-over <which>',
        'whether the new one must have all options of the old installation, or none but those given (default: all)',
      ).choices(['all', 'none']),
    )
    .option('--waive <checks...>', 'checks whose risk is taken, for instance MESH023; needs --reason')
    .addOption(new Option('--reason <text>', 'why that risk is all right here').argParser(parseReason))
    .addOption(duration('--soak <duration>', 'how long a wave is watched before its gate (default: 0)'))
    .addOption(
      duration('--promotion-timeout <duration>', 'how long a gate waits before the run is blocked (default: 7d)'),
    )
    .addOption(duration('--workload-timeout <duration>', 'how long one workload may take (default: 15m)'))
    .addOption(
      duration('--finalize-soak <duration>', 'time between the two looks before the old one goes (default: 1m)'),
    )
    .addOption(duration('--rollback-grace <duration>', 'how long after its end a run can be rolled back (default: 1d)'))
    .addOption(
      count('--parallel-workloads <n>', 'workloads that move at the same time (default: as the safety budget allows)'),
    );
}

/**
 * Builds the request and checks it by the same rules as the server, so that what is wrong is never sent.
 * @throws UsageError that names every wrong field, and the file it stands in
 */
export async function toRequest(cluster: string, options: RequestOptions): Promise<UpgradeRequest> {
  const file = options.policy === undefined ? undefined : await readPolicy(options.policy);
  const parsed = upgradeRequestSchema.safeParse({
    cluster,
    release: options.release,
    options: {
      canary: options.canary,
      exclude: options.exclude,
      set: options.set,
      profile: options.profile,
      overlays: options.overlay,
      inPlace: options.inPlace,
      carryOver: options.carryOver,
      waivers: waiversOf(options),
      policy: file?.policy,
      soakSeconds: options.soak,
      promotionTimeoutSeconds: options.promotionTimeout,
      workloadTimeoutSeconds: options.workloadTimeout,
      parallelWorkloads: options.parallelWorkloads,
      finalizeSoakSeconds: options.finalizeSoak,
      rollbackGraceSeconds: options.rollbackGrace,
    },
  });
  if (!parsed.success) throw new UsageError(`the request is wrong:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** One reason for all checks of the command. What is waived without a reason, or a reason for nothing, is a mistake. */
function waiversOf({ waive, reason }: RequestOptions): Waiver[] | undefined {
  if (waive === undefined && reason === undefined) return undefined;
  if (waive === undefined) throw new UsageError('--reason is given without --waive: name the checks that it is for.');
  if (reason === undefined) throw new UsageError('--waive needs --reason "...": why is that risk all right here?');
  return [...new Set(waive.map((check) => check.toUpperCase()))].map((check) => ({ check, reason }));
}
