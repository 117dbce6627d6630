import { ApplicationFailure } from '@temporalio/common';
import { setTimeout as wait } from 'node:timers/promises';
import type { Progress } from '../../activities/releases/download.js';
import type { FetchedRelease } from '../../activities/releases/fetch-release.js';
import { describeProgress } from '../../activities/releases/progress.js';
import { releaseFor, type Places } from '../../activities/releases/release-for.js';
import type { Release } from '../../domain/release.js';
import type { Context } from '../client/context.js';

const TRIES = 5;
const FIRST_WAIT_MS = 1_000;
/** On a terminal the line is redrawn this often, elsewhere a new line is written that often. */
const REDRAW_MS = 100;
const LINE_MS = 5_000;
const CELLS = 24;

/** What is fetched for whom. */
export interface Fetching {
  readonly release: Release;
  readonly platform: NodeJS.Platform;
  readonly places: Places;
  readonly signal: AbortSignal;
  /** Wait before the second try; each further one is twice as long. @default 1 second */
  readonly firstWaitMs?: number;
}

/**
 * Fetches, proves and unpacks as a run would, and shows how far it is. What can heal by itself is tried again; each try
 * goes on where the one before was cut.
 * @throws the failure of the last try
 */
export async function fetchPatiently(fetching: Fetching, context: Context): Promise<FetchedRelease> {
  const { release, platform, places, signal, firstWaitMs = FIRST_WAIT_MS } = fetching;
  for (let tries = 1; ; tries++) {
    const bar = openBar(context);
    try {
      return await releaseFor(places, release, signal, { platform, heartbeat: bar.show });
    } catch (error) {
      bar.close();
      const pause = pauseAfter(error, firstWaitMs * 2 ** (tries - 1));
      if (pause === null || tries === TRIES) throw error;
      context.err(`${(error as Error).message} Trying again in ${pause / 1000} s (${tries + 1} of ${TRIES}).\n`);
      await wait(pause, undefined, { signal });
    } finally {
      bar.close();
    }
  }
}

/** Milliseconds before the next try, as the server asks for; null for what does not heal. */
function pauseAfter(error: unknown, otherwise: number): number | null {
  if (!(error instanceof ApplicationFailure) || error.nonRetryable === true) return null;
  const delay: unknown = error.nextRetryDelay;
  return typeof delay === 'number' ? delay : otherwise;
}

interface Bar {
  readonly show: (progress: Progress) => void;
  readonly close: () => void;
}

function openBar({ tty, err, now }: Context): Bar {
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  return {
    show(progress) {
      const isWhole = progress.received === progress.total;
      if (!isWhole && now() - last < (tty ? REDRAW_MS : LINE_MS)) return;
      last = now();
      err(tty ? `\r${barOf(progress)}${describeProgress(progress)}\u001b[K` : `${describeProgress(progress)}\n`);
      drawn = tty;
    },
    close() {
      if (drawn) err('\n');
      drawn = false;
    },
  };
}

function barOf({ received, total }: Progress): string {
  if (total === null || total === 0) return '';
  const full = Math.floor((CELLS * received) / total);
  return `${'█'.repeat(full)}${'░'.repeat(CELLS - full)}  `;
}
