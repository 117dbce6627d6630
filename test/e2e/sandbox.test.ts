import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markedProcesses } from '../../sandbox/cluster/processes.js';
import { sandboxDir } from '../../sandbox/cluster/state.js';
import { downSandbox, sandboxStatus, seedSandbox, upSandbox, type Sandbox } from '../../sandbox/sandbox.js';
import { nodeCommand } from '../../settings/node-command.js';
import { MeshFacts } from './support/mesh-facts.js';
import { INVALID_GATEWAY, VALID_GATEWAY } from './support/probes.js';
import { eventually } from './support/eventually.js';

const progress = (line: string) => void process.stderr.write(`[sandbox] ${line}\n`);
const POD = (name: string, namespace: string, annotations: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, annotations },
  spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
});

/** The sandbox is what every other end-to-end test stands on: here it is asked whether it behaves as a real cluster does. */
describe('a sandbox', () => {
  let sandbox: Sandbox;
  let facts: MeshFacts;

  beforeAll(async () => {
    await downSandbox('e2e-sandbox');
    sandbox = await upSandbox({ name: 'e2e-sandbox', flavour: 'asm16', progress });
    await seedSandbox('e2e-sandbox', { progress });
    facts = new MeshFacts(sandbox.kubectl, sandbox.adminKubeconfig);
  });
  afterAll(async () => {
    await downSandbox('e2e-sandbox');
    await downSandbox('e2e-beside');
    await downSandbox('e2e-killed');
  });

  it('holds the demo shop that the issue asks for, with the sidecars of 1.6.13', async () => {
    const pods = await facts.podsByProxy();
    const injected = Object.entries(pods).filter(([, row]) => '1.6.13' in row);
    expect(injected.length).toBeGreaterThanOrEqual(6);
    expect(pods['legacy']).toEqual({ none: 3 });
    expect(pods['vendor']).toEqual({ none: 1 });
    const count = async (kind: string) =>
      (await facts.list(kind, '-A')).filter(({ metadata }) => metadata.namespace !== 'istio-system').length;
    expect([await count('deployments'), await count('statefulsets'), await count('daemonsets')]).toEqual([25, 2, 1]);
    expect(await count('cronjobs')).toBe(1);
  });

  it('runs beside another one, and refuses a second one of the same name', async () => {
    const beside = await upSandbox({ name: 'e2e-beside', flavour: 'asm16', progress });
    expect(beside.apiServer).not.toBe(sandbox.apiServer);
    await expect(upSandbox({ name: 'e2e-beside', flavour: 'asm16', progress })).rejects.toThrow(/is up already/);
    expect(await downSandbox('e2e-beside')).toBe(true);
    expect(existsSync(sandboxDir('e2e-beside'))).toBe(false);
    expect(markedProcesses(sandboxDir('e2e-beside'))).toEqual([]);
  });

  it('leaves nothing behind when the command that brings it up is killed', async () => {
    const entry = new URL('./support/up-process.js', import.meta.url);
    const { file, args, cwd } = nodeCommand(entry, ['e2e-killed']);
    const child = spawn(file, args, { cwd, stdio: 'ignore' });
    const dir = sandboxDir('e2e-killed');
    await eventually('a first process of the sandbox', () => markedProcesses(dir).length > 0);
    child.kill('SIGKILL');
    await expect(upSandbox({ name: 'e2e-killed', flavour: 'asm16', progress })).rejects.toThrow(/sandbox down/);
    await downSandbox('e2e-killed');
    expect(markedProcesses(dir)).toEqual([]);
    expect(existsSync(dir)).toBe(false);
  });

  it('checks Istio objects with the real webhook', async () => {
    expect(await facts.dryRunCreate(VALID_GATEWAY)).toContain('created (server dry run)');
    expect(await facts.dryRunCreate(INVALID_GATEWAY)).toMatch(/admission webhook "validation.istio.io" denied/);
  });

  it('lets pods start late, never become ready, or crash, by annotation', async () => {
    await facts.apply(POD('never', 'legacy', { 'sandbox.meshlift.dev/never-ready': 'true' }));
    await facts.apply(POD('crash', 'legacy', { 'sandbox.meshlift.dev/crash': 'true' }));
    await facts.apply(POD('late', 'legacy', { 'sandbox.meshlift.dev/ready-delay': '1s' }));
    const column = async (name: string) =>
      (await facts.run('get', 'pod', name, '-n', 'legacy', '--no-headers')).split(/\s+/);
    await eventually('pod late to be Ready', async () => (await column('late'))[1] === '1/1');
    await eventually('pod crash to crash', async () => (await column('crash'))[2] === 'CrashLoopBackOff');
    await eventually('pod never to run', async () => (await column('never'))[2] === 'Running');
    expect((await column('never'))[1]).toBe('0/1');
    await facts.run('delete', 'pod', 'never', 'crash', 'late', '-n', 'legacy', '--wait=true');
  });

  it('ends an istiod with its pod: webhooks fail at once, and work again with the next pod', async () => {
    await facts.run('scale', 'deployment', 'istiod', '-n', 'istio-system', '--replicas=0');
    await facts.run('delete', 'hpa', 'istiod', '-n', 'istio-system');
    await eventually('the process of istiod to end', async () => {
      const [status] = await sandboxStatus('e2e-sandbox');
      return status?.processes.every(({ name }) => !name.startsWith('istiod.')) === true;
    });
    expect(await facts.dryRunCreate(POD('probe', 'catalog'))).toMatch(/failed calling webhook/);
    await facts.run('scale', 'deployment', 'istiod', '-n', 'istio-system', '--replicas=1');
    await facts.run('rollout', 'status', 'deployment/istiod', '-n', 'istio-system', '--timeout=60s');
    expect(await facts.dryRunCreate(POD('probe', 'catalog'))).toContain('created (server dry run)');
  });

  it('plays the vendor bucket: same paths, signed archive, faults on request', async () => {
    const url = `${sandbox.bucket.baseUrl}/istio-1.6.14-asm.2-linux-amd64.tar.gz`;
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, new URL(url).pathname.startsWith('/gke-release/asm/')]).toEqual([200, true]);
    const signature = Buffer.from(await (await fetch(`${url}.1.sig`)).arrayBuffer());
    const fault = (value: object) => writeFile(join(sandbox.dir, 'bucket-fault.json'), JSON.stringify(value));
    await fault({ wrongSignature: true });
    expect(Buffer.from(await (await fetch(`${url}.1.sig`)).arrayBuffer()).equals(signature)).toBe(false);
    await fault({ unavailable: 1 });
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(503);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
    await fault({ truncate: true });
    await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow();
    await fault({});
    expect((await fetch(`${sandbox.bucket.baseUrl}/signing-key.pem`)).status).toBe(404);
  });

  it('knows identities with the rights of infra/rbac, and no more', async () => {
    const user = new MeshFacts(sandbox.kubectl, sandbox.kubeconfig);
    // A no is an exit code of 1: the answer is on standard output all the same.
    const said = (error: unknown) => String((error as { stdout?: unknown }).stdout);
    const can = async (context: string, ...what: string[]) =>
      (await user.run('auth', 'can-i', ...what, '--context', context).catch(said)).trim();
    expect(await can('meshlift', '*', '*')).toBe('yes');
    expect(await can('reader', 'list', 'pods', '-A')).toBe('yes');
    expect(await can('reader', 'patch', 'deployments', '-A')).toBe('no');
    expect(await can('roller', 'patch', 'deployments', '-A')).toBe('yes');
    expect(await can('roller', 'create', 'clusterroles')).toBe('no');
  });
});
