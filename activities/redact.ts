/** What stands in the place of a secret. */
const HIDDEN = '[redacted]';
const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;
const KEY_END = /-----END [A-Z0-9 ]*PRIVATE KEY-----/;
/** Words whose value is a secret, in `key=value`, `key: value`, JSON and `--key value`. */
const SECRET_WORD = '(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|client-key-data)';
const ASSIGNED = new RegExp(`(${SECRET_WORD}["']?\\s*[=:]\\s*)("[^"]*"|'[^']*'|[^\\s,;&"']+)`, 'gi');
const SECRET_FLAG = new RegExp(`^--?[\\w-]*${SECRET_WORD}$`, 'i');

/**
 * Hides secrets in text that is kept or shown: bearer and basic credentials, PEM private keys, passwords and tokens, credentials in URLs.
 * A private key of which only one end is in the text is hidden as well: output is often cut.
 */
export function redact(text: string): string {
  return hidePrivateKeys(text)
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`)
    .replace(/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@]{0,256}:)[^\s/@]+@/gi, `$1${HIDDEN}@`)
    .replace(/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, HIDDEN)
    .replace(ASSIGNED, `$1${HIDDEN}`);
}

/** Hides secrets in an argument list, also where flag and value are two arguments. */
export function redactArgs(argv: readonly string[]): readonly string[] {
  return argv.map((arg, index) => (SECRET_FLAG.test(argv[index - 1] ?? '') ? HIDDEN : redact(arg)));
}

/** A {@link redact} for output that comes line by line: lines inside a private key vanish (null). */
export function createLineRedactor(): (line: string) => string | null {
  let insideKey = false;
  return (line) => {
    const wasInside = insideKey;
    if (KEY_BEGIN.test(line)) insideKey = true;
    if (KEY_END.test(line)) insideKey = false;
    if (!wasInside) return redact(line);
    return insideKey ? null : redact(line.replace(/^[\s\S]*?(?=-----END )/, ''));
  };
}

function hidePrivateKeys(text: string): string {
  const whole = text.replace(new RegExp(`${KEY_BEGIN.source}[\\s\\S]*?${KEY_END.source}`, 'g'), HIDDEN);
  const withoutHead = whole.replace(new RegExp(`^[\\s\\S]*${KEY_END.source}`), HIDDEN);
  return withoutHead.replace(new RegExp(`${KEY_BEGIN.source}[\\s\\S]*$`), HIDDEN);
}
