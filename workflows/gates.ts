import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { GateVerdict } from '../domain/gate-verdict.js';
import { looksAtPods, looksWhileSoaking } from '../domain/gates.js';
import { isToMoveBack } from '../domain/phases.js';
import { stepText } from '../domain/policy/gate-words.js';
import { gateStepsOf } from '../domain/policy/of-wave.js';
import type { InGate, NamespaceState, Phase, RunState } from '../domain/run.js';
import { judging } from './activities.js';
import type { Step } from './interruptible.js';
import type { Ledger, NewEvent } from './ledger.js';
import type { Moves } from './moves.js';
import { obstacleOf } from './obstacle.js';
import { policyOf, routeOf, runRefOf, timedOut } from './run-facts.js';

type In<Name extends Phase['name']> = Extract<Phase, { readonly name: Name }>;

/** What a run does at the gate after a wave, phase by phase. */
export interface Gates {
  readonly soak: (phase: In<'soaking'>) => Promise<void>;
  readonly judge: (phase: In<'analysing'>) => Promise<void>;
  /** A durable timer: when it is up the run is blocked, never rolled back, because the mesh is safe as it is. */
  readonly awaitPromotion: (phase: In<'awaitingPromotion'>) => Promise<void>;
  readonly moveWaveBack: (phase: In<'rollingBackWave'>) => Promise<void>;
}

/** The gates of a run. Whatever leaves their phase cuts short what they wait for. */
export function createGates(ledger: Ledger, moves: Moves, step: (step: Step) => Promise<void>): Gates {
  const leftWithin = (phase: Phase, ms: number) => condition(() => ledger.state().phase !== phase, Math.max(ms, 1));

  /** @param until while the wave soaks: it is looked at until then, and only a failure is told before */
  const look = async (place: InGate, until?: string): Promise<NewEvent> => {
    const found = await judgeStep(ledger.state(), place, until);
    return { type: 'gateJudged', wave: place.wave, step: place.step, ...eventOf(found) };
  };
  const watchPods = async ({ wave, step: index, until }: In<'soaking'>): Promise<NewEvent> => {
    const found = await judging.watchPodHealth({ ...subjectOf(ledger.state(), wave), until });
    return { type: 'gateJudged', wave, step: index, ...eventOf(found) };
  };

  /** What cannot be asked while the wave soaks is asked at the end once more: then it counts. */
  const meanwhile = async (phase: In<'soaking'>, title: string, work: () => Promise<NewEvent>): Promise<void> => {
    try {
      ledger.apply(await work());
    } catch (error) {
      if (isCancellation(error) || ledger.state().phase !== phase) return;
      ledger.remark(`${title} cannot look while it soaks: ${obstacleOf(error).message}`);
    }
  };
  const looksIn = (phase: In<'soaking'>): Promise<void>[] => {
    const analyses = looksWhileSoaking(ledger.state(), phase).map((index) =>
      meanwhile(phase, titleOf(ledger.state(), phase.wave, index), () =>
        look({ wave: phase.wave, step: index }, phase.until),
      ),
    );
    return looksAtPods(phase)
      ? [meanwhile(phase, 'the health of pods', () => watchPods(phase)), ...analyses]
      : analyses;
  };

  return {
    async soak(phase) {
      const looking = new CancellationScope();
      const looks = looking.run(() => Promise.all(looksIn(phase)));
      await leftWithin(phase, Date.parse(phase.until) - Date.now());
      looking.cancel();
      await looks;
      // Until the last look has ended a person can still make the soak longer: then it is not over.
      if (ledger.state().phase === phase) ledger.apply({ type: 'soakFinished' });
    },
    judge: (phase) => step(() => look(phase)),
    async awaitPromotion(phase) {
      if (await leftWithin(phase, policyOf(ledger.state()).timeouts.promotion * 1_000)) return;
      ledger.apply({ type: 'failed', obstacle: timedOut(ledger.state(), phase.gate) });
    },
    moveWaveBack: ({ wave }) =>
      step(async () => {
        await moves.moveAll('back', (state) => touchedIn(state, wave));
        return { type: 'waveMovedBack' };
      }),
  };
}

function judgeStep(state: RunState, { wave, step: index }: InGate, stopAt?: string): Promise<GateVerdict> {
  const step = gateStepsOf(state, wave)[index];
  if (step === undefined || 'soak' in step || 'manual' in step)
    throw new Error(`wave ${wave + 1} has no looking step ${index + 1} in its gate`);
  return judging.judgeGate.executeWithOptions({ summary: titleOf(state, wave, index) }, [
    {
      ...subjectOf(state, wave),
      step,
      ...(stopAt === undefined ? {} : { stopAt }),
    },
  ]);
}

/** What is looked at. */
function subjectOf(state: RunState, wave: number) {
  const planned = state.plan?.waves[wave];
  if (planned === undefined) throw new Error(`the plan has no wave ${wave + 1}`);
  const { name, namespaces } = planned;
  return { run: runRefOf(state), route: routeOf(state), wave: name, namespaces };
}

function eventOf({ verdict, sentence, remedy, measurements }: GateVerdict) {
  return {
    verdict,
    detail: sentence,
    ...(remedy === undefined ? {} : { remedy }),
    ...(measurements.length === 0 ? {} : { measurements }),
  };
}

function titleOf(state: RunState, wave: number, index: number): string {
  const step = gateStepsOf(state, wave)[index];
  return `gate ${state.plan?.waves[wave]?.gate ?? ''}, ${step === undefined ? 'step' : stepText(step)}`;
}

/** What a person has left out stays left out. */
function touchedIn({ namespaces }: RunState, wave: number): NamespaceState[] {
  return namespaces.filter((row) => row.wave === wave && row.status !== 'skipped' && isToMoveBack(row));
}
