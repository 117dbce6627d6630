import type { MoveMesh } from './arena.js';
import { guideLoop } from './by-hand.js';
import { pauseAndKill } from './disturb.js';
import { moveAtOnce } from './floor.js';
import { byMeshlift, POLICIES } from './meshlift.js';
import type { Method } from './result.js';

/** How each method moves the mesh. */
export const MOVES: Readonly<Record<Method, MoveMesh>> = {
  a: guideLoop(1),
  b: guideLoop(8),
  c: guideLoop(32),
  d: moveAtOnce,
  f: byMeshlift(POLICIES.f),
  g: byMeshlift(POLICIES.g),
  h5: byMeshlift(POLICIES.h5),
  h1: byMeshlift(POLICIES.h1),
  p: byMeshlift(POLICIES.f, pauseAndKill),
};

/** What a method is called in tables. */
export const TITLES: Readonly<Record<Method | 'e', string>> = {
  a: "(a) the guide's loop",
  b: '(b) the same, `xargs -P8`',
  c: '(c) the same, `xargs -P32`',
  d: '(d) floor: everything patched at once',
  e: '(e) computed bound: rounds x ready delay',
  f: '(f) Meshlift, default budget',
  g: '(g) Meshlift, wide budget',
  h5: '(h) Meshlift, `evict` inside 5 %',
  h1: '(h) Meshlift, `evict`, one pod per Deployment',
  p: '(p) Meshlift, default budget, paused and killed on the way',
};
