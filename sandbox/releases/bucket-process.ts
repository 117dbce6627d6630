/** The sandbox's bucket as a process of its own. Arguments: the sandbox's state folder, the folder of archives. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startBucket, type BucketFault } from './bucket.js';

const [stateDir = '.', archivesDir = '.'] = process.argv.slice(2);

/** Another process sets a fault by writing this file. */
async function readFault(): Promise<BucketFault> {
  try {
    return JSON.parse(await readFile(join(stateDir, 'bucket-fault.json'), 'utf8')) as BucketFault;
  } catch {
    return {};
  }
}

const bucket = await startBucket(archivesDir, readFault);
const draft = join(stateDir, `bucket.json.${process.pid}`);
await writeFile(draft, JSON.stringify({ origin: bucket.origin }));
await rename(draft, join(stateDir, 'bucket.json'));
process.once('SIGTERM', () => void bucket.close().then(() => process.exit(0)));
