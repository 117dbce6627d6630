import { estimateEnd, type Sample } from '../../domain/scheduling/eta.js';
import { untilNextReport } from '../../domain/scheduling/telling.js';
import { endOf } from '../../domain/plan.js';
import { isThere, desiredPods } from '../../domain/rollout.js';
import { workloadName } from '../../domain/workload.js';
import type { MovesInput } from '../contract.js';
import { asWorkload } from '../workloads/owned-pods.js';
import type { Availability } from './availability.js';
import type { MeshView } from './mesh-view.js';
import type { NamespaceMover } from './namespace-mover.js';
import type { Scheduler } from './scheduler.js';
import type { Teller } from './teller.js';

/** A report that is due at about the time of a look comes with it. */
const SAMPLE_MS = 5_000;
const SAMPLES = 200;

interface Sources {
  readonly input: MovesInput;
  readonly view: MeshView;
  readonly available: Availability;
  readonly scheduler: Scheduler;
  readonly teller: Teller;
  readonly limits: { readonly unavailable: number };
  readonly mover: NamespaceMover;
}

/** Tells the run every few seconds how far it is, how long it takes and what it waits for. @returns what ends that */
export function reportProgress(sources: Sources): () => void {
  const { input, view, available, scheduler, teller, limits, mover } = sources;
  const { sidecar: expected } = endOf(input.route, input.direction);
  const samples: Sample[] = [];
  let last = '';
  let told = 0;
  let due = 0;
  const look = () => {
    const { total, moved, found } = mover.counts();
    const pods = { moved: 0, total: 0 };
    for (const { ref, object } of found) {
      pods.total += desiredPods(ref.kind, asWorkload(object));
      pods.moved += view.podsOf(workloadName(ref)).filter((pod) => isThere(pod, expected)).length;
    }
    samples.push({ at: performance.now(), moved: pods.moved });
    if (samples.length > SAMPLES) samples.splice(1, 1);
    const { moving, holding } = scheduler.standing();
    const progress = {
      pods,
      workloads: { moved, moving, total },
      unavailable: { now: available.missing().all, budget: limits.unavailable },
      eta: estimateEnd(samples, Math.max(0, pods.total - pods.moved)),
      holding,
    };
    const text = JSON.stringify({ ...progress, eta: null });
    if (text === last || performance.now() < due - SAMPLE_MS / 2) return;
    teller.progress(progress);
    [told, last, due] = [told + 1, text, performance.now() + untilNextReport(told)];
  };
  look();
  const timer = setInterval(look, SAMPLE_MS);
  return () => clearInterval(timer);
}
