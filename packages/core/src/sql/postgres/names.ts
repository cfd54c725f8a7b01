/** Names and strings of Postgres as the server takes them: quotes removed, escapes resolved. */
import { foldLower } from '../fold.ts';
import type { ReadToken } from '../tokens.ts';

export function nameOf({ kind, text }: ReadToken): string {
  if (kind !== 'quoted') return foldLower(text);
  const isEscaped = !text.startsWith('"');
  const name = text.slice(text.indexOf('"') + 1, -1).replaceAll('""', '"');
  return isEscaped ? resolved(name, UNICODE_ESCAPE) : name;
}

/** What a string says, as far as spelled by number; a string that goes on over lines keeps what stands between. */
export function contentsOf(string: string): string {
  if (/^[eE]'/.test(string)) return resolved(string.slice(2, -1), C_ESCAPE);
  if (/^[uU]&'/.test(string)) return resolved(string.slice(3, -1), UNICODE_ESCAPE);
  return string;
}

const UNICODE_ESCAPE = /\\(?:\+(?<long>[0-9a-fA-F]{6})|(?<short>[0-9a-fA-F]{4})|(?<itself>\\))/g;
const C_ESCAPE =
  /\\(?:x(?<hex>[0-9a-fA-F]{1,2})|(?<octal>[0-7]{1,3})|u(?<short>[0-9a-fA-F]{4})|U(?<long>[0-9a-fA-F]{8})|(?<itself>.))/gs;

function resolved(text: string, escape: RegExp): string {
  return text.replace(escape, (...found: unknown[]) => {
    const groups: unknown = found.at(-1);
    if (groups === null || typeof groups !== 'object') return '';
    const { hex, octal, short, long, itself } = { hex: '', octal: '', short: '', long: '', itself: '', ...groups };
    if (octal) return String.fromCharCode(Number.parseInt(octal, 8));
    const digits = hex || short || long;
    if (!digits) return itself;
    const code = Number.parseInt(digits, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}
