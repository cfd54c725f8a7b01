/** Names as people write them in the configuration, folded as the database folds them. */

const UNQUOTED = /^[A-Za-z\u0080-\uffff][A-Za-z0-9_$#\u0080-\uffff]{0,127}$/;
const QUOTED = /^"([^"\p{Cc}]{1,128})"$/u;

/** Catalogue spelling of a name: upper case (ASCII) unless it is quoted; null where it is no name. */
export function readName(text: string): string | null {
  const trimmed = text.trim();
  const quoted = QUOTED.exec(trimmed);
  if (quoted !== null) return quoted[1] ?? null;
  return UNQUOTED.test(trimmed) ? foldCase(trimmed) : null;
}

/** ASCII only: what other letters become depends on the database. */
export function foldCase(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** `NAME`, `OWNER.NAME` or either part in double quotes; null where it is no name of a table. */
export function readTableName(text: string): { readonly schema: string | null; readonly name: string } | null {
  const match = /^\s*(?:("[^"]*"|[^".]+)\s*\.\s*)?("[^"]*"|[^".]+)\s*$/.exec(text);
  const [, owner, own = ''] = match ?? [];
  const [schema, name] = [owner === undefined ? null : readName(owner), readName(own)];
  return name === null || (owner !== undefined && schema === null) ? null : { schema, name };
}
