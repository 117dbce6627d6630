import { failure } from '../failure.js';

/** The codes of a disk without room, of a used-up quota, and of a process that may write no more. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** The failure `DiskFull` for an error that says so; any other error as it is. */
export function asDiskFull(error: unknown, dir: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (!NO_ROOM.includes(code)) return error;
  return failure('DiskFull', `There is no room for the release archive in ${dir} (${code}). Nothing was installed.`);
}
