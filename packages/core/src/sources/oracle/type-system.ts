/** Oracle's types as the column plan asks for them. */
import type { TypeSystem } from '../sql/database.ts';
import { unsupportedType } from '../sql/types.ts';
import type { PlanTools } from '../sql/column-plan.ts';
import { projected } from './projection.ts';
import { sourceTypeOf } from './source-type.ts';
import { TYPE_RULES } from './types-rules.ts';
import { UNSUPPORTED } from './types-unsupported.ts';
import type { DescribedColumn } from './types.ts';

export const ORACLE_TYPES: TypeSystem<DescribedColumn> = {
  sourceTypeOf,
  mappingOf(column, numbers) {
    const dbType = column.dbType?.name ?? '';
    const rule = TYPE_RULES.find(({ dbTypes, when }) => dbTypes.includes(dbType) && (when?.(column) ?? true));
    if (rule !== undefined) return rule.map(column, numbers);
    const wayOut = UNSUPPORTED[dbType]?.wayOut ?? 'select an expression of another type in its place';
    throw unsupportedType(column.name, sourceTypeOf(column), wayOut);
  },
};

export const ORACLE_PLANS: PlanTools<DescribedColumn> = { types: ORACLE_TYPES, project: projected };
