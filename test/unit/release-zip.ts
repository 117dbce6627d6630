/** Zip files of exactly the entries that a test wants, also of such that no tool would write. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly path: string;
  readonly content?: string | Buffer;
  /** Mode as Unix has it, kind included. @default a plain file that nobody executes */
  readonly mode?: number;
  /** What the headers say instead of the true size. */
  readonly size?: number;
  readonly encrypted?: true;
}

const ON_UNIX = 3 << 8;

export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { name, body, header } = parts(entry);
    const local = Buffer.concat([bytes([4, 0x04034b50]), header, name, body]);
    const { mode = 0o100644 } = entry;
    directory.push(
      bytes([4, 0x02014b50], [2, ON_UNIX | 20]),
      header,
      bytes([2, 0], [2, 0], [2, 0], [4, mode * 0x10000], [4, offset]),
      name,
    );
    files.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const count = entries.length;
  const end = bytes([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, index.length], [4, offset], [2, 0]);
  return Buffer.concat([...files, index, end]);
}

/** The part that the local header and the one in the directory have in common. */
function parts({ path, content = '', size, encrypted }: ZipEntry) {
  const name = Buffer.from(path);
  const plain = Buffer.from(content);
  const body = deflateRawSync(plain);
  const header = bytes(
    ...([
      [2, 20],
      [2, encrypted === true ? 1 : 0],
      [2, 8],
      [2, 0],
      [2, 0x21],
      [4, crc32(plain)],
      [4, body.length],
      [4, size ?? plain.length],
      [2, name.length],
      [2, 0],
    ] as const),
  );
  return { name, body, header };
}

function bytes(...fields: readonly (readonly [width: number, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([width, value]) => {
      const field = Buffer.alloc(width);
      field.writeUIntLE(value, 0, width);
      return field;
    }),
  );
}
