/** A pod as the observer counts it. */
export interface SeenPod {
  readonly uid: string;
  /** `namespace/deployment`. */
  readonly workload: string;
  readonly ready: boolean;
  /** Whether it runs the new proxy. */
  readonly isNew: boolean;
  /** Gone, being deleted, or over. */
  readonly gone: boolean;
}

/** What the cluster looked like at one instant. */
export interface Counts {
  readonly newReady: number;
  readonly old: number;
  /** Sum over the workloads of what they lack: wanted minus ready pods. */
  readonly unavailable: number;
  /** Sum over the workloads of pods above the wanted number. */
  readonly extra: number;
}

/** Counts pods from the events of a watch. */
export interface Tally {
  take(pod: SeenPod): void;
  /** Forgets every pod but these, by their ids: it went while nobody looked. */
  readonly keep: (uids: ReadonlySet<string>) => void;
  readonly counts: () => Counts;
  readonly peak: () => Pick<Counts, 'unavailable' | 'extra'>;
  /** Pods that came up since the beginning, by workload. */
  readonly created: () => ReadonlyMap<string, number>;
  readonly isDone: () => boolean;
  /** Peaks count from now on. */
  restart(): void;
}

interface Row {
  readonly wanted: number;
  live: number;
  ready: number;
  newReady: number;
  old: number;
}

/** @param wanted replicas by `namespace/deployment` */
export function createTally(wanted: ReadonlyMap<string, number>): Tally {
  const rows = new Map<string, Row>();
  for (const [name, replicas] of wanted) rows.set(name, { wanted: replicas, live: 0, ready: 0, newReady: 0, old: 0 });
  const pods = new Map<string, SeenPod>();
  let created = new Map<string, number>();
  const total = [...wanted.values()].reduce((sum, replicas) => sum + replicas, 0);
  const sums = { newReady: 0, old: 0, unavailable: total, extra: 0 };
  let peak = { unavailable: 0, extra: 0 };

  const count = (row: Row, pod: SeenPod, sign: 1 | -1) => {
    sums.unavailable -= lack(row);
    sums.extra -= surplus(row);
    row.live += sign;
    if (pod.ready) row.ready += sign;
    if (pod.ready && pod.isNew) sums.newReady += sign;
    if (!pod.isNew) sums.old += sign;
    sums.unavailable += lack(row);
    sums.extra += surplus(row);
  };

  const take = (pod: SeenPod) => {
    const row = rows.get(pod.workload);
    if (row === undefined) return;
    const before = pods.get(pod.uid);
    if (before !== undefined) count(row, before, -1);
    else if (!pod.gone) created.set(pod.workload, (created.get(pod.workload) ?? 0) + 1);
    pods.delete(pod.uid);
    if (!pod.gone) {
      pods.set(pod.uid, pod);
      count(row, pod, 1);
    }
    peak = { unavailable: Math.max(peak.unavailable, sums.unavailable), extra: Math.max(peak.extra, sums.extra) };
  };

  return {
    take,
    keep(uids) {
      for (const pod of [...pods.values()]) if (!uids.has(pod.uid)) take({ ...pod, gone: true });
    },
    counts: () => ({ ...sums }),
    peak: () => ({ ...peak }),
    created: () => created,
    isDone: () => sums.old === 0 && sums.unavailable === 0 && sums.newReady >= total,
    restart() {
      peak = { unavailable: sums.unavailable, extra: sums.extra };
      created = new Map();
    },
  };
}

const lack = ({ wanted, ready }: Row) => Math.max(0, wanted - ready);
const surplus = ({ wanted, live }: Row) => Math.max(0, live - wanted);
