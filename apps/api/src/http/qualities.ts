/** Lists of preferences with weights, as Accept and Accept-Encoding carry them (RFC 9110 section 12.4.2). Pure. */

export interface Preference {
  /** A media range or a coding, in lower case. */
  readonly name: string;
  /** What stands between the name and its weight, values without quotes, all in lower case. */
  readonly params: ReadonlyMap<string, string>;
  /** 0 to 1; 0 excludes. */
  readonly quality: number;
}

export function readPreferences(header: string): readonly Preference[] {
  return splitOutsideQuotes(header, ',').flatMap((member) => {
    const [name = '', ...rest] = splitOutsideQuotes(member, ';').map((part) => part.trim().toLowerCase());
    if (name === '') return [];
    const params = new Map<string, string>();
    let quality = 1;
    for (const param of rest) {
      const [key = '', value = ''] = param.split('=', 2).map((side) => side.trim());
      if (key === 'q') {
        quality = weight(value);
        // What follows the weight extends the header, not the media type.
        break;
      }
      if (key !== '') params.set(key, value.replaceAll('"', ''));
    }
    return [{ name, params, quality }];
  });
}

/** One that cannot be read counts as not given. */
function weight(text: string): number {
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? Math.min(Math.max(value, 0), 1) : 1;
}

/** A quoted string may hold the separator. */
function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] {
  const pattern = separator === ',' ? /(?:"(?:\\.|[^"\\])*"|[^,])+/g : /(?:"(?:\\.|[^"\\])*"|[^;])+/g;
  return text.match(pattern) ?? [];
}
