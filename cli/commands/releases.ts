import { Command, Option } from 'commander';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { PLATFORMS } from '../../domain/release.js';
import { clientCommand, connect } from '../client/client-command.js';
import type { ServerChoice } from '../client/connection.js';
import type { Context } from '../client/context.js';
import { EXIT, UsageError } from '../exit-codes.js';
import { addRelease } from '../releases/add.js';
import { fetchPatiently } from '../releases/fetch.js';
import { localConfig, localPlaces, type LocalFlags } from '../releases/local.js';
import { verifyArchive, type Verification } from '../releases/verify.js';
import { renderReleases } from '../render/tables.js';
import { columns, joined } from '../render/text.js';
import { withPreconditions } from '../serve/preconditions.js';

type ListOptions = ServerChoice & { readonly output: 'table' | 'json' | 'yaml' };
type VerifyFlags = LocalFlags & Omit<Verification, 'file'>;
type FetchFlags = LocalFlags & { readonly platform: NodeJS.Platform };

/** `meshlift releases`: the catalogue of the server, and work on it on the server's own machine. */
export function releasesCommand(context: Context): Command {
  const command = new Command('releases').description('The releases that Meshlift knows: list, verify, fetch, add.');
  command.addCommand(listPart(context), { isDefault: true });
  for (const part of [verifyPart, fetchPart, addPart]) command.addCommand(part(context));
  return command;
}

function listPart(context: Context): Command {
  const output = new Option('-o, --output <format>', 'form of the output')
    .choices(['table', 'json', 'yaml'])
    .default('table');
  return clientCommand('list', 'List the releases that the server knows.', output).action(
    async (options: ListOptions) => {
      const releases = await (await connect(options, context)).releases();
      if (options.output === 'table') context.out(renderReleases(releases));
      else context.out(options.output === 'yaml' ? stringify(releases) : `${JSON.stringify(releases, null, 2)}\n`);
    },
  );
}

function verifyPart(context: Context): Command {
  return localCommand(
    'verify',
    'Prove the signature or the SHA-256 of an archive that is here already. Unpacks nothing.',
  )
    .argument('<file>', 'the archive')
    .option(
      '--release <version>',
      'whose key and signature suffix, or whose SHA-256 (default: by the name of the file)',
    )
    .option('--signature <file>', 'the signature (default: beside the archive)')
    .option('--key <file>', 'PEM of another ECDSA P-256 key')
    .addOption(new Option('--sha256 <hex>', 'another SHA-256, and no signature').conflicts(['signature', 'key']))
    .action((file: string, flags: VerifyFlags) =>
      withPreconditions(context, async () => {
        const { catalogue } = await localPlaces(flags, context.env);
        const { verified, digest, sentence } = await verifyArchive({ file, ...flags }, catalogue);
        if (verified) {
          context.out(`Verified OK: ${sentence}\nsha256 ${digest ?? ''}\n`);
          return;
        }
        context.err(`meshlift: ${sentence}. Do not use this archive.\n`);
        context.finish(EXIT.error);
      }),
    );
}

function fetchPart(context: Context): Command {
  return localCommand(
    'fetch',
    'Download, prove and unpack a release, to where the worker of this machine looks for it.',
  )
    .argument('<version>', 'version in the catalogue')
    .addOption(new Option('--platform <platform>', 'whose archive').choices(PLATFORMS).default(process.platform))
    .option('--data-dir <folder>', 'where releases of role source are kept (MESHLIFT_DATA_DIR)')
    .action((version: string, flags: FetchFlags) =>
      withPreconditions(context, async () => {
        const places = await localPlaces(flags, context.env);
        const release = places.catalogue.find(version);
        const known = places.catalogue.releases.map((one) => one.version).join(', ');
        if (release === null)
          throw new UsageError(`The catalogue has no release "${version}"; it has: ${known}.`, 'fetched');
        const { platform } = flags;
        const signal = context.interrupted();
        const { digest, dir, versionProven } = await fetchPatiently({ release, platform, places, signal }, context);
        const said = versionProven
          ? `istioctl says ${version}`
          : `not asked: an istioctl for ${platform} does not run on ${process.platform}`;
        const rows = [
          release.publicKey === undefined
            ? ['proof', `Verified OK, by the SHA-256 of ${version} in the catalogue`]
            : ['signature', `Verified OK, by the key of ${version}`],
          ['sha256', digest],
          ['version', said],
          ['folder', dir],
        ];
        context.out(joined(columns(rows)));
      }),
    );
}

function addPart(context: Context): Command {
  return localCommand('add', 'Add the entry of a release to the configuration file. Comments stay.')
    .argument('<file>', 'YAML file with one entry, as under `releases` in the configuration')
    .action((file: string, flags: LocalFlags) =>
      withPreconditions(context, async () => {
        const config = await localConfig(flags, context.env);
        const { version, role } = await addRelease(resolve(file), config, context.env);
        context.out(`Added ${version} (${role}) to ${config.file}.\n`);
        context.err('A server that is running reads its configuration at its next start.\n');
      }),
    );
}

function localCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--config <file>', 'configuration file (MESHLIFT_CONFIG; default: ~/.config/meshlift/config.yaml)');
}
