import type { Pod } from '../../domain/pod.js';

const KEY = 'sidecar.istio.io/inject';
const WORDS: Readonly<Record<string, boolean>> = {
  y: true,
  yes: true,
  true: true,
  on: true,
  n: false,
  no: false,
  false: false,
  off: false,
};

/** What a pod or a pod template says by itself about a sidecar; undefined where it says nothing. */
export interface InjectionWish {
  readonly annotation: boolean | undefined;
  /** Releases before 1.10 do not read it: seen with the injector of 1.6. */
  readonly label: boolean | undefined;
}

/** Reads the annotation and the label `sidecar.istio.io/inject`. */
export function injectionWish({ metadata }: { readonly metadata?: Partial<Pod['metadata']> }): InjectionWish {
  const wish = (text: string | undefined) => (text === undefined ? undefined : WORDS[text.toLowerCase()]);
  return { annotation: wish(metadata?.annotations?.[KEY]), label: wish(metadata?.labels?.[KEY]) };
}
