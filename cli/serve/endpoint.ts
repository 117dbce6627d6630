import { rmSync } from 'node:fs';
import { replacePrivateFile } from '../../settings/private-file.js';

/** What a client on this machine needs to find a running `serve`, and a person to find its processes. */
export interface Endpoint {
  readonly url: string;
  /** The process of `serve` itself, which is also the API. */
  readonly pid: number;
  readonly workerPid: number | null;
  /** Null when Temporal is somebody else's. */
  readonly temporalPid: number | null;
}

/** The file that says where a running `serve` is. */
export interface EndpointFile {
  /** Changes what is known. The file appears with the first address and is whole at any instant. */
  update(change: Partial<Endpoint>): void;
  remove(): void;
}

/** Keeps the file of the running `serve`; what an earlier one left behind goes at once. */
export function createEndpointFile(file: string): EndpointFile {
  let known: Partial<Endpoint> = { pid: process.pid, workerPid: null, temporalPid: null };
  let removed = false;
  rmSync(file, { force: true });
  return {
    update(change) {
      known = { ...known, ...change };
      if (known.url !== undefined && !removed) replacePrivateFile(file, `${JSON.stringify(known, null, 2)}\n`);
    },
    remove() {
      removed = true;
      rmSync(file, { force: true });
    },
  };
}
