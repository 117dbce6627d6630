/** One message of `istioctl analyze`. */
export interface AnalysisMessage {
  /** The kind of fault, `IST0101`: the same in every version that knows it. */
  readonly code: string;
  /** The object, `VirtualService web.shop`; a fault of the whole mesh has none. */
  readonly origin?: string | undefined;
  readonly message: string;
}

/** A message that only the newer of two analyses has. */
export interface NewMessage extends AnalysisMessage {
  /** What the older one says of the same object under the same code, and the newer one does not: perhaps the same in other words. */
  readonly instead: readonly string[];
}

/**
 * What the newer istioctl finds and the older one does not, both about the same cluster. Equal are messages of the same
 * code about the same object with the same words. The address of the documentation and, from 1.6 on, the place in a file
 * differ by version and say nothing. A fault that the older one words otherwise counts as new: better told twice.
 */
export function newMessages(newer: readonly AnalysisMessage[], older: readonly AnalysisMessage[]): NewMessage[] {
  const known = new Set(older.map(identityOf));
  const kept = new Set(newer.map(identityOf));
  const gone = older.filter((message) => !kept.has(identityOf(message)));
  return newer
    .filter((message) => !known.has(identityOf(message)))
    .map((message) => ({ ...message, instead: gone.filter((other) => isAbout(message, other)).map(textOf) }));
}

/** Where a message lists names (`a/web,b/web`, `[a b]`), one run has them in another order than the next: istioctl walks a map. */
function identityOf({ code, origin = '', message }: AnalysisMessage): string {
  const words = message.split(/[\s,[\]]+/).toSorted();
  return [code, origin, ...words].join('\n');
}

function isAbout({ code, origin }: AnalysisMessage, other: AnalysisMessage): boolean {
  return code === other.code && origin === other.origin;
}

function textOf({ message }: AnalysisMessage): string {
  return message;
}
