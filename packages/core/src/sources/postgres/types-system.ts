/** Postgres' types as the column plan asks for them: which rule decides a column. */
import type { TypeSystem } from '../sql/database.ts';
import { unsupportedType } from '../sql/types.ts';
import { TYPE_RULES, UNSUPPORTED } from './types-rules.ts';
import { CATALOG, type PostgresColumn, type PostgresType } from './types.ts';

export const POSTGRES_TYPES: TypeSystem<PostgresColumn> = {
  sourceTypeOf: ({ typeName }) => typeName,
  mappingOf(column, numbers) {
    const key = ruleKeyOf(column.type);
    const rule = TYPE_RULES.find(({ dbTypes, when }) => dbTypes.includes(key) && (when?.(column) ?? true));
    if (rule !== undefined) return rule.map(column, numbers);
    const { wayOut } = UNSUPPORTED[column.type.kind === 'p' ? 'pseudo' : 'extension'];
    throw unsupportedType(column.name, column.typeName, wayOut);
  },
};

const NAMED: ReadonlySet<string> = new Set(TYPE_RULES.flatMap(({ dbTypes }) => dbTypes));

/** What the rules call it; '' for what no rule is about. */
function ruleKeyOf(type: PostgresType): string {
  switch (type.kind) {
    case 'e':
      return 'enum';
    case 'c':
      return 'composite';
    case 'r':
      return 'range';
    case 'm':
      return 'multirange';
    case 'p':
      return NAMED.has(type.name) ? type.name : '';
    case 'b':
      return baseKeyOf(type);
    case 'd':
      // Among elements of arrays: the array's text is that of any other.
      return 'domain';
  }
}

function baseKeyOf({ schema, name, category, element }: PostgresType): string {
  if (element !== null) return ruleKeyOf(element) === '' ? '' : 'array';
  if (schema === CATALOG) return NAMED.has(name) ? name : 'other';
  // What the database itself takes for a text.
  return category === 'S' ? 'category S' : '';
}
