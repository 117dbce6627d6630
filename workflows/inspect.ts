import type { DetectedMesh } from '../domain/plan.js';
import { ask } from './activities.js';

/** What is in a cluster now. Changes nothing. */
export async function inspect(cluster: string): Promise<DetectedMesh> {
  return ask.detectMesh({ cluster });
}
