/**
 * The worker as a process of its own. Environment: TEMPORAL_* (address, namespace, credentials), MESHLIFT_CONFIG,
 * MESHLIFT_DATA_DIR, MESHLIFT_CACHE_DIR, MESHLIFT_LOG_LEVEL. As a child of `meshlift serve` it says `ready`, and ends when
 * its parent is gone.
 */
import { setFlagsFromString } from 'node:v8';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { createRunJournal } from '../activities/audit/run-journal.js';
import { createActivities } from '../activities/index.js';
import { loadCatalogue } from '../settings/catalogue.js';
import { dataPaths, defaultCacheDir, defaultConfigFile, defaultDataDir } from '../settings/paths.js';
import { loadSettings } from '../settings/settings.js';
import { createMeshliftWorker } from './create-worker.js';
import { createLogger, installTemporalLogger } from './logging.js';
import { keptWorkflowBundle } from './workflow-bundle.js';

// Left alone, V8 lets a heap of hundreds of megabytes double before it looks for what is garbage: lists of pods are, mostly.
setFlagsFromString('--heap-growing-percent=15');

const logger = createLogger(process.env['MESHLIFT_LOG_LEVEL'] ?? 'info');
installTemporalLogger(logger);

const dataDir = defaultDataDir();
const settings = await loadSettings(defaultConfigFile());
const catalogue = loadCatalogue(settings, process.env);
const journal = createRunJournal({ dir: dataPaths(dataDir).runs });
const cacheDir = defaultCacheDir();
const activities = createActivities({ settings, catalogue, journal, cacheDir, dataDir, logger });

const workflowBundle = await keptWorkflowBundle(cacheDir);
const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await NativeConnection.connect(connectionOptions);
const worker = await createMeshliftWorker({
  connection,
  namespace: namespace ?? 'default',
  activities,
  workflowBundle,
});

let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  worker.shutdown();
}
process.once('SIGTERM', end);
process.once('SIGINT', end);
process.once('disconnect', end);

const running = worker.run();
process.send?.('ready');
await running;
await connection.close();
// A parent's channel would keep the process alive.
process.exit(0);
