import { Context } from '@temporalio/activity';
import type { Activities } from '../../../activities/contract.js';
import { resultOf } from '../../../activities/moves/move-namespaces.js';
import { failureIn, NotBegun } from '../../../activities/moves/scheduler.js';
import { createTeller, type Teller } from '../../../activities/moves/teller.js';
import type { MovedNamespace } from '../../../domain/moves-told.js';
import { restart, sideOf, type FakeMesh } from './fake-mesh.js';

type MovesInput = Parameters<Activities['moveNamespaces']>[0];

/** Where `auto` is asked for: more than any test has. */
const MANY = 100;

/**
 * Moves namespaces of a mesh in memory: in the steps, in the words and with the signals of the real activity, which is met in
 * the end-to-end tests.
 */
export async function moveInMemory(mesh: FakeMesh, input: MovesInput): Promise<{ namespaces: MovedNamespace[] }> {
  const teller = createTeller(input.direction);
  const slots = createSlots(input.budget.maxConcurrentWorkloads);
  const beating = setInterval(() => Context.current().heartbeat(), 25);
  try {
    const ends = await Promise.allSettled(
      input.namespaces.map((namespace) => moveOne(mesh, { ...input, namespace }, { teller, slots })),
    );
    return { namespaces: resultOf(ends, input.isHeld) };
  } finally {
    clearInterval(beating);
    await teller.flush();
  }
}

interface Slots {
  /** Runs the work when a slot is free. @throws when nothing may begin any more */
  run(work: () => Promise<void>): Promise<void>;
}

async function moveOne(
  mesh: FakeMesh,
  { namespace, direction, run, isHeld }: MovesInput & { readonly namespace: string },
  { teller, slots }: { readonly teller: Teller; readonly slots: Slots },
): Promise<MovedNamespace> {
  const { script, workloads, sidecars, labels } = mesh;
  const side = sideOf(direction);
  let restarted = 0;
  let begun: Promise<void> | undefined;
  const begin = () =>
    (begun ??= (async () => {
      Context.current().cancellationSignal.throwIfAborted();
      await teller.started(namespace);
      await script.perform(`labelNamespace ${namespace} ${direction}`, () => void labels.set(namespace, side));
    })());
  const names = () => workloads.get(namespace) ?? [];
  const known = new Set<string>();
  const fresh = () =>
    script.perform(`listWorkloads ${namespace}`, () => {
      const unknown = names().filter((name) => !known.has(name));
      unknown.forEach((name) => known.add(name));
      return unknown;
    });
  const move = (name: string) =>
    slots.run(async () => {
      await begin();
      await script.perform(`moveWorkload ${namespace}/${name} ${direction}`, () => {
        if (restart(mesh, { kind: 'Deployment', namespace, name }, direction)) restarted += 1;
      });
    });

  try {
    if (isHeld) throw new NotBegun();
    let waiting = await fresh();
    for (let clean = 0; clean < 2;) {
      await allOf(waiting.map(move));
      await begin();
      const late = await script.perform(`verifyNamespace ${namespace} ${direction}`, () =>
        names().filter((name) => (sidecars.get(`${namespace}/${name}`) ?? 'old') !== side),
      );
      waiting = [...new Set([...late, ...(await fresh())])];
      clean = waiting.length === 0 ? clean + 1 : 0;
    }
    const moved = { namespace, workloads: restarted, pods: names().length };
    teller.finished(moved);
    return moved;
  } catch (error) {
    const isOwn = !(error instanceof NotBegun) && !Context.current().cancellationSignal.aborted;
    if (isOwn) teller.failed(namespace, error instanceof Error ? error.message : `${run.cluster}: ${String(error)}`);
    throw error;
  }
}

/** Waits for all; the failure that counts is that of the real scheduler. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const failed = failureIn(await Promise.allSettled(works));
  if (failed !== undefined) throw failed;
}

function createSlots(atOnce: number | 'auto'): Slots {
  let free = atOnce === 'auto' ? MANY : atOnce;
  let isStopped = false;
  const queue: (() => void)[] = [];
  const next = () => queue.shift()?.();
  return {
    async run(work) {
      if (free === 0) await new Promise<void>((resolve) => queue.push(resolve));
      free -= 1;
      try {
        if (isStopped) throw new NotBegun();
        await work();
      } catch (error) {
        isStopped = true;
        throw error;
      } finally {
        free += 1;
        next();
      }
    },
  };
}
