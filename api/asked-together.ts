/** A question that takes this long is waited for no longer by those who came after it, in milliseconds. */
const PATIENCE_MS = 250;

interface Asking<Answer> {
  /** Begun already: what it answers may be older than a question that comes now. */
  readonly underWay: Promise<Answer>;
  /** Not begun yet: whoever comes now takes part in it. */
  next: Promise<Answer> | null;
}

/**
 * Lets those who ask the same thing at the same time share one answer. It is never older than the question: who comes
 * while one is under way takes part in the next, which begins when the one before is answered. However many ask, one
 * question is under way, or two while the first of them is slow.
 * @param ask what is asked; the same names are the same question
 */
export function askTogether<Names extends readonly string[], Answer>(
  ask: (...names: Names) => Promise<Answer>,
): (...names: Names) => Promise<Answer> {
  const askings = new Map<string, Asking<Answer>>();

  const begin = (key: string, names: Names): Promise<Answer> => {
    const asking: Asking<Answer> = { underWay: ask(...names), next: null };
    askings.set(key, asking);
    const forget = () => {
      if (asking.next === null) askings.delete(key);
    };
    asking.underWay.then(forget, forget);
    return asking.underWay;
  };

  return (...names) => {
    const key = JSON.stringify(names);
    const asking = askings.get(key);
    if (asking === undefined) return begin(key, names);
    asking.next ??= answeredOrSlow(asking.underWay).then(() => begin(key, names));
    return asking.next;
  };
}

async function answeredOrSlow(answer: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const slow = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
  await Promise.race([answer.catch(() => undefined), slow]);
  clearTimeout(timer);
}
