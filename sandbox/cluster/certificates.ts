import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes the key pair that signs and checks the tokens of service accounts. */
export async function writeServiceAccountKeys(dir: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privatePem = privateKey.export({ type: 'pkcs1', format: 'pem' });
  await writeFile(join(dir, 'service-account.key'), privatePem, { mode: 0o600 });
  await writeFile(join(dir, 'service-account.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
}
