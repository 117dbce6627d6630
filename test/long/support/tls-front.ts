import { readFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import { metricsSchema, type MetricsSettings } from '../../../settings/gates.js';
import type { Sandbox } from '../../../sandbox/sandbox.js';

/**
 * Puts TLS in front of the Prometheus of a sandbox, with the certificate that its API server has made for itself.
 * @returns the settings of who knows that certificate
 */
export async function behindTls(sandbox: Sandbox): Promise<MetricsSettings> {
  if (sandbox.metrics === undefined) throw new Error(`sandbox ${sandbox.name} has no Prometheus`);
  const { hostname, port } = new URL(sandbox.metrics.prometheus);
  const caFile = join(sandbox.dir, 'pki', 'apiserver.crt');
  const key = await readFile(join(sandbox.dir, 'pki', 'apiserver.key'));
  const front = createServer({ cert: await readFile(caFile), key }, (client) => {
    const upstream = connect(Number(port), hostname);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  // Who does not trust it hangs up.
  front.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void front.close());
  return metricsSchema.parse({ prometheus: `https://127.0.0.1:${(front.address() as AddressInfo).port}`, caFile });
}
