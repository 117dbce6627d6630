/** Why waves cannot be what the caller wanted them to be. */
export interface WaveProblem {
  /** The one that it is about; absent where it is about none. */
  readonly namespace?: string;
  readonly message: string;
  /** What to do, where that is not to name another namespace. */
  readonly remedy?: string;
}
