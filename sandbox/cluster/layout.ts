import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../settings/free-ports.js';
import { binaryPath, type Flavour } from '../binaries/index.js';
import type { Audit, ClusterLayout } from './components.js';
import { writeAtomically } from './state.js';

interface LayoutOptions {
  readonly flavour: Flavour;
  readonly cacheDir: string;
  readonly stockRates: boolean;
  readonly audit: Audit;
}

/** Chooses what the parts of a new cluster agree on. */
export async function newLayout(
  dir: string,
  { flavour, cacheDir, stockRates, audit }: LayoutOptions,
): Promise<ClusterLayout> {
  const [etcdPort = 0, etcdPeer = 0, apiServerPort = 0, controllerManagerPort = 0, schedulerPort = 0] =
    await freePorts(5);
  return {
    dir,
    minor: flavour === 'istio' ? '1.35' : '1.21',
    ports: {
      etcd: etcdPort,
      etcdPeer,
      apiServer: apiServerPort,
      controllerManager: controllerManagerPort,
      scheduler: schedulerPort,
    },
    binary: (name) => binaryPath(cacheDir, name),
    stockRates,
    audit,
  };
}

const fileIn = (dir: string) => join(dir, 'layout.json');

/** Records the layout, so that the parts can be started again. */
export async function writeLayout(layout: ClusterLayout): Promise<void> {
  await writeAtomically(fileIn(layout.dir), JSON.stringify(layout));
}

/** The layout that the parts of a cluster were started with. */
export async function readLayout(dir: string, cacheDir: string): Promise<ClusterLayout> {
  const recorded = JSON.parse(await readFile(fileIn(dir), 'utf8')) as Omit<ClusterLayout, 'binary'>;
  return { ...recorded, binary: (name) => binaryPath(cacheDir, name) };
}
