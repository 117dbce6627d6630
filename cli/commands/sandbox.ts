import { Argument, Command, Option } from 'commander';
import {
  buildSandbox,
  CONDUCTS,
  downSandbox,
  FLAVOURS,
  orderMetrics,
  SandboxError,
  SCENARIOS,
  sandboxStatus,
  seedSandbox,
  upSandbox,
  type Conduct,
  type Flavour,
  type SandboxStatus,
  type Scenario,
} from '../../sandbox/sandbox.js';
import { processContext, type Context } from '../client/context.js';
import { columns, joined } from '../render/text.js';
import { withPreconditions } from '../serve/preconditions.js';
import { elapsedProgress } from '../serve/progress.js';

interface Named {
  readonly name: string;
}
interface Flavoured {
  readonly flavour: Flavour;
}
interface Seeded {
  readonly scenario?: Scenario;
}
interface UpFlags extends Named, Flavoured, Seeded {
  readonly seed?: true;
  readonly stockRates?: true;
  readonly with?: 'prometheus';
}
interface MetricsFlags {
  readonly revision: string;
  readonly make: Conduct;
  readonly period?: number;
}
type StatusFormat = 'text' | 'json' | 'config' | 'kubeconfig';
interface StatusFlags {
  readonly name?: string;
  readonly output: StatusFormat;
}

/** `meshlift sandbox`: a disposable real cluster without containers. */
export function sandboxCommand(context: Context = processContext(process)): Command {
  const command = new Command('sandbox').description('Run a disposable real cluster on this machine.');
  for (const part of [buildPart, upPart, seedPart, metricsPart, statusPart, downPart])
    command.addCommand(part(context));
  return command;
}

function buildPart(context: Context): Command {
  return new Command('build')
    .description('Fetch and build what a sandbox needs; what is there already is kept.')
    .addOption(flavourOption())
    .action(({ flavour }: Flavoured) =>
      withPreconditions(context, () => buildSandbox({ flavour, progress: progressOf(context) })),
    );
}

function upPart(context: Context): Command {
  return new Command('up')
    .description('Bring a cluster up.')
    .addOption(nameOption().makeOptionMandatory())
    .addOption(flavourOption())
    .option('--seed', 'install the old Istio of the flavour and open the demo shop in it')
    .addOption(scenarioOption())
    .option('--stock-rates', 'controllers at the rates of a stock cluster, for measurements')
    .addOption(
      new Option('--with <part>', 'a real Prometheus, and a stand-in for the traffic of the mesh').choices([
        'prometheus',
      ]),
    )
    .action(({ name, flavour, seed, scenario, stockRates, with: part }: UpFlags) =>
      withPreconditions(context, async () => {
        const progress = progressOf(context);
        checkScenario(flavour, scenario);
        const prometheus = part === 'prometheus';
        await upSandbox({ name, flavour, progress, stockRates: stockRates === true, prometheus });
        if (seed === true) await seedSandbox(name, { progress, ...(scenario && { scenario }) });
        context.err(`Serve it with: meshlift serve --config "$(meshlift sandbox status --name ${name} -o config)"\n`);
      }),
    );
}

function seedPart(context: Context): Command {
  return new Command('seed')
    .description('Install the old Istio of the flavour in a cluster that is up, and open the demo shop in it.')
    .addOption(nameOption().makeOptionMandatory())
    .addOption(scenarioOption())
    .action(({ name, scenario }: Named & Seeded) =>
      withPreconditions(context, async () => {
        checkScenario((await existing(name)).flavour, scenario);
        await seedSandbox(name, { progress: progressOf(context), ...(scenario && { scenario }) });
      }),
    );
}

function metricsPart(context: Context): Command {
  return new Command('metrics')
    .description('Say how the requests of one revision go from now on, in a cluster that is up with Prometheus.')
    .addArgument(new Argument('<cluster>', 'name of the sandbox'))
    .addOption(new Option('--revision <revision>', '`new`, `old`, or its name').default('new'))
    .addOption(new Option('--make <conduct>', 'how they go').choices(CONDUCTS).makeOptionMandatory())
    .addOption(new Option('--period <seconds>', 'how long a flapping one stays as it is').argParser(Number))
    .action((name: string, { revision, make, period }: MetricsFlags) =>
      withPreconditions(context, async () => {
        await orderMetrics(name, { revision, make, ...(period !== undefined && { periodSeconds: period }) });
        context.err(`The ${revision} revision of sandbox "${name}" is ${make} now.\n`);
      }),
    );
}

function statusPart(context: Context): Command {
  const formats: StatusFormat[] = ['text', 'json', 'config', 'kubeconfig'];
  return new Command('status')
    .description('Show the clusters that are there; `config` and `kubeconfig` print the path of that file.')
    .addOption(nameOption())
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(formats).default('text'))
    .action((flags: StatusFlags) => withPreconditions(context, () => showStatus(flags, context)));
}

function downPart(context: Context): Command {
  return new Command('down')
    .description('End every process of a cluster and remove its files.')
    .addOption(nameOption().makeOptionMandatory())
    .action(({ name }: Named) =>
      withPreconditions(context, async () => {
        const known = await downSandbox(name);
        context.err(known ? `Sandbox "${name}" is gone.\n` : `There was no sandbox "${name}".\n`);
      }),
    );
}

async function showStatus({ name, output }: StatusFlags, context: Context): Promise<void> {
  const all = await sandboxStatus(name);
  if (output === 'json') {
    context.out(`${JSON.stringify(all, null, 2)}\n`);
  } else if (output === 'text') {
    context.out(all.length === 0 ? 'No sandbox is up.\n' : joined(columns([HEADER, ...all.map(row)])));
  } else {
    const sandbox = await existing(name ?? only(all));
    context.out(`${output === 'config' ? sandbox.configFile : sandbox.kubeconfig}\n`);
  }
}

const HEADER = ['NAME', 'STATE', 'FLAVOUR', 'API SERVER', 'PROCESSES'];

function row({ name, sandbox, processes, marked }: SandboxStatus): string[] {
  const alive = processes.filter((process) => process.alive).length;
  const whole = sandbox !== null && alive === processes.length;
  const state = whole ? 'up' : sandbox === null ? 'not up' : 'broken';
  return [name, state, sandbox?.flavour ?? '', sandbox?.apiServer ?? '', String(Math.max(alive, marked))];
}

async function existing(name: string): Promise<NonNullable<SandboxStatus['sandbox']>> {
  const sandbox = (await sandboxStatus(name))[0]?.sandbox ?? null;
  if (sandbox !== null) return sandbox;
  throw new SandboxError(`There is no sandbox "${name}". Bring it up with: meshlift sandbox up --name ${name}`);
}

function only(all: readonly SandboxStatus[]): string {
  const [first, ...others] = all;
  if (first !== undefined && others.length === 0) return first.name;
  throw new SandboxError(`Say which sandbox with --name; there are ${all.length}.`);
}

function checkScenario(flavour: Flavour, scenario: Scenario | undefined): void {
  if (scenario === undefined || flavour === 'istio') return;
  throw new SandboxError(`Only flavour istio has scenarios; ${flavour} is seeded in one way.`);
}

function nameOption(): Option {
  return new Option('--name <name>', 'name of the sandbox');
}

function scenarioOption(): Option {
  return new Option('--scenario <scenario>', 'how the mesh of flavour istio is made (default: labels)').choices(
    SCENARIOS,
  );
}

function flavourOption(): Option {
  return new Option(
    '--flavour <flavour>',
    'Kubernetes 1.21 with Istio 1.6, the same with Istio 1.5, or current versions',
  )
    .choices(FLAVOURS)
    .default('asm16');
}

function progressOf(context: Context): (line: string) => void {
  return elapsedProgress(context.err, context.now);
}
