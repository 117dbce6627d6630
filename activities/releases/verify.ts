import { createHash, createVerify } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';

/** An open archive whose bytes are proven. It is unpacked from the same open file: a later one of the same name does not matter. */
export interface ProvenArchive {
  readonly handle: FileHandle;
  /** SHA-256 in hex. */
  readonly digest: string;
}

/** What an archive is compared with. */
export type Evidence =
  | { readonly publicKey: string; readonly signature: Buffer }
  /** In lower-case hex. */
  | { readonly sha256: string };

/**
 * Guide, step 3: checks the vendor's signature (ECDSA P-256 over SHA-256 in DER), or the digest that the catalogue names, over
 * the bytes of the archive.
 * @returns null when they are not what the key signed or the digest is of; otherwise the caller closes the handle
 * @throws the system's error when the file cannot be read
 */
export async function proveArchive(file: string, evidence: Evidence): Promise<ProvenArchive | null> {
  const handle = await open(file, 'r');
  let proven = false;
  try {
    const verify = createVerify('sha256');
    const hash = createHash('sha256');
    for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
      verify.update(chunk as Buffer);
      hash.update(chunk as Buffer);
    }
    const digest = hash.digest('hex');
    proven = 'sha256' in evidence ? digest === evidence.sha256 : verify.verify(evidence.publicKey, evidence.signature);
    return proven ? { handle, digest } : null;
  } finally {
    if (!proven) await handle.close();
  }
}
