/**
 * The sandbox's controller, a process of its own: the network of the cluster, and one real istiod per live pod of istiod.
 * Arguments: the sandbox's folder, the Istio flavour, the cache folder.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { binaryPath, OLDER_VERSION, type Flavour } from '../binaries/index.js';
import { connectAdmin, type AdminClient, type ClusterEvent } from '../cluster/admin-client.js';
import type { IstiodProgram } from './host.js';
import { startPodNetwork } from './network.js';
import { keepPod, type PodKeeper } from './pod-keeper.js';
import { readIstiodPod } from './pod.js';

const [dir = '.', flavour = 'asm16', cacheDir = '.'] = process.argv.slice(2);
const PODS = '/api/v1/namespaces/istio-system/pods?labelSelector=app%3Distiod';
const adminKubeconfig = join(dir, 'admin.kubeconfig');
const log = (line: string) => console.log(`${new Date().toISOString()} ${line}`);

const network = await startPodNetwork(join(dir, 'network.sock'));
const keepers = new Map<string, PodKeeper>();

/** The istiod of the sandbox's flavour; 1.5 and 1.6 live in the same one. What calls itself older gets the oldest. */
function program(version: string): IstiodProgram {
  const file = (name: string) => binaryPath(cacheDir, `pilot-discovery-${name}`);
  if ((flavour as Flavour) === 'istio')
    return { generation: 'current', file: file(version === OLDER_VERSION ? 'older' : 'current') };
  const is15 = /^1\.[0-5]\./.test(version);
  return is15 ? { generation: '1.5', file: file('1.5.10') } : { generation: '1.6', file: file('1.6.14') };
}

function drop(uid: string): void {
  const keeper = keepers.get(uid);
  keepers.delete(uid);
  void keeper?.stop();
}

/** Lets go of the pods that went while nobody watched. */
async function dropTheGone(admin: AdminClient): Promise<void> {
  const listed = await admin.send('GET', PODS);
  const items = (listed?.['items'] ?? []) as { metadata: { uid: string } }[];
  const live = new Set(items.map((item) => item.metadata.uid));
  for (const uid of keepers.keys()) if (!live.has(uid)) drop(uid);
}

function take({ type, object }: ClusterEvent, admin: AdminClient): void {
  const uid = object.metadata.uid ?? '';
  if (type === 'DELETED' || object.metadata.deletionTimestamp !== undefined) {
    drop(uid);
    return;
  }
  const pod = type === 'ERROR' ? null : readIstiodPod(object);
  if (pod === null || keepers.has(uid)) return;
  keepers.set(uid, keepPod(pod, { dir, admin, adminKubeconfig, program }, network, log));
}

async function follow(admin: AdminClient): Promise<void> {
  await dropTheGone(admin);
  // Without a resource version a watch begins with what is there: nothing falls between list and watch.
  for await (const event of admin.watch(PODS)) take(event, admin);
}

let ending = false;
process.once('SIGTERM', () => {
  ending = true;
  void Promise.all([...keepers.values()].map((keeper) => keeper.stop())).then(() => process.exit(0));
});

while (!ending) {
  try {
    if (existsSync(adminKubeconfig)) await follow(await connectAdmin(adminKubeconfig));
  } catch (error) {
    log((error as Error).message);
  }
  await delay(100);
}
