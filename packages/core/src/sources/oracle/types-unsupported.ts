/** Oracle's types that have no rule (types-rules.ts). */

/** What to do about the types that cannot be loaded, by the driver's name; `c` stands for the column. */
export const UNSUPPORTED: Readonly<Record<string, { readonly database: string; readonly wayOut: string }>> = {
  DB_TYPE_XMLTYPE: { database: 'XMLTYPE', wayOut: 'select XMLSERIALIZE(CONTENT c AS CLOB)' },
  DB_TYPE_OBJECT: { database: 'object types and collections', wayOut: 'select its attributes, or a JSON of them' },
  DB_TYPE_BFILE: { database: 'BFILE', wayOut: 'select TO_BLOB(c)' },
  DB_TYPE_VECTOR: { database: 'VECTOR', wayOut: 'select VECTOR_SERIALIZE(c RETURNING CLOB)' },
  DB_TYPE_CURSOR: { database: 'cursor expressions', wayOut: 'join its rows instead' },
};
