import type { Plan } from '../../domain/plan.js';
import type { RunState } from '../../domain/run.js';
import { sayOf } from '../../test/e2e/support/api-client.js';
import { NEW_PROXY } from '../support/frozen-mesh.js';
import type { Served } from '../support/served.js';
import { namespacesOf, type Size } from '../support/size.js';

/** As much of a policy as a request says. */
export type PolicyWords = Readonly<Record<string, unknown>>;

/** All namespaces in one wave, so that no gate stands between. */
const ONE_WAVE = { waves: [{ name: 'all', percent: 100 }] };
/** What a request may name as its canary. */
const MOST_CANARIES = 50;

/** Starts the upgrade of a whole mesh in one wave. @returns path of the run */
export async function startUpgrade(
  { api }: Served,
  cluster: string,
  size: Size,
  policy: PolicyWords,
): Promise<{ run: string; waves: number }> {
  // The new control plane is there already, with the release's own settings and no others.
  const base = { finalizeSoakSeconds: 0, soakSeconds: 0, carryOver: 'none' };
  const wanted = { ...base, policy: { ...ONE_WAVE, ...policy } };
  const waves = await wavesOf(cluster, wanted);
  if (waves === 1) return { run: await api.start(cluster, wanted), waves };
  // A server that knows no waves of a policy yet: what is named as the canary moves together.
  const named = { ...base, policy, canary: namespacesOf(size).slice(0, MOST_CANARIES) };
  return { run: await api.start(cluster, named), waves: await wavesOf(cluster, named) };

  async function wavesOf(id: string, options: object): Promise<number> {
    const { status, body } = await api.request<Plan>('POST', '/v1/plans', { cluster: id, release: NEW_PROXY, options });
    if (status !== 200) throw new Error(`the plan answered ${status}: ${JSON.stringify(body).slice(0, 1_000)}`);
    return body.waves.length;
  }
}

/** Where a run stands, and what keeps it there. */
export function standsStill(state: RunState): string | null {
  if (!['blocked', 'rollbackBlocked', 'rejected', 'cancelled', 'rolledBack', 'rollingBack'].includes(state.phase.name))
    return null;
  return sayOf(state);
}

/** Waits at the gates of a run, opens all but the last one, and resolves when it waits at that. @throws when it stands still */
export async function untilLastGate({ api }: Served, run: string, withinMs: number): Promise<RunState> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const state = await api.state(run).catch(() => null);
    const stuck = state === null ? null : standsStill(state);
    if (stuck !== null) throw new Error(`the run stands still: ${stuck}`);
    if (state?.phase.name === 'awaitingPromotion') {
      if (state.phase.gate === 'finalize') return state;
      await api.promote(run);
    }
    if (Date.now() > deadline)
      throw new Error(`the run has not come to its last gate: ${JSON.stringify(state?.phase)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
