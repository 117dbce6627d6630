import { createHash, createVerify } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';

/** An open archive whose bytes are proven. It is unpacked from the same open file: a later one of the same name does not matter. */
export interface ProvenArchive {
  readonly handle: FileHandle;
  /** SHA-256 in hex. */
  readonly digest: string;
}

/**
 * Guide, step 3: checks the vendor's signature, ECDSA P-256 over SHA-256 in DER, over the bytes of the archive.
 * @returns null when the signature is not the key's; otherwise the caller closes the handle
 * @throws the system's error when the file cannot be read
 */
export async function proveArchive(file: string, signature: Buffer, publicKey: string): Promise<ProvenArchive | null> {
  const handle = await open(file, 'r');
  let proven = false;
  try {
    const verify = createVerify('sha256');
    const hash = createHash('sha256');
    for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
      verify.update(chunk as Buffer);
      hash.update(chunk as Buffer);
    }
    proven = verify.verify(publicKey, signature);
    return proven ? { handle, digest: hash.digest('hex') } : null;
  } finally {
    if (!proven) await handle.close();
  }
}
