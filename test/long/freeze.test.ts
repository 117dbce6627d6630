import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordedProcesses } from '../../sandbox/cluster/processes.js';
import { downSandbox, freezeSandbox, isFrozen, thawSandbox, upSandbox, type Sandbox } from '../../sandbox/sandbox.js';
import { MeshFacts } from '../e2e/support/mesh-facts.js';

/** What the benchmarks begin from, again and again. */
describe('a frozen sandbox', () => {
  const name = 'long-freeze';
  let sandbox: Sandbox;
  let facts: MeshFacts;

  beforeAll(async () => {
    await downSandbox(name);
    sandbox = await upSandbox({ name, flavour: 'asm16', audit: 'everyone', progress: () => undefined });
    facts = new MeshFacts(sandbox.kubectl, sandbox.adminKubeconfig);
    await facts.run('create', 'configmap', 'kept');
    expect(isFrozen(name)).toBe(false);
    await freezeSandbox(name);
  });
  afterAll(async () => downSandbox(name));

  const uidOf = () => facts.run('get', 'configmap', 'kept', '-o', 'jsonpath={.metadata.uid}');
  const ratesOf = async () => {
    const { 'kube-controller-manager': manager } = await recordedProcesses(sandbox.dir);
    const words = (await readFile(`/proc/${manager?.pid}/cmdline`, 'utf8')).split('\0');
    return words.filter((word) => word.startsWith('--kube-api-'));
  };

  it('comes back as it was, with the same ids, and with the rates that are asked for', async () => {
    expect(isFrozen(name)).toBe(true);
    await thawSandbox(name, { stockRates: false });
    const uid = await uidOf();
    expect(await ratesOf()).toEqual(['--kube-api-qps=200', '--kube-api-burst=400']);
    await facts.run('delete', 'configmap', 'kept');
    await facts.run('create', 'configmap', 'later');

    await thawSandbox(name, { stockRates: true });
    expect(await uidOf()).toBe(uid);
    expect(await facts.run('get', 'configmap', 'later', '--ignore-not-found')).toBe('');
    expect(await ratesOf()).toEqual([]);
  });
});
