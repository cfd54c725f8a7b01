/** The data dictionary and the dynamic views, made from the catalog when they are asked for. */
import type { OraType } from '../../engine.ts';
import type { Catalog, CatalogObject, Table, View } from './catalog.ts';
import type { CompiledQuery } from './context.ts';
import type { Typed } from './typed.ts';
import { formOf, NUMBER, quoteText, storageOf, VARCHAR2 } from './typed.ts';

export interface Facts {
  readonly catalog: Catalog;
  readonly user: string;
  readonly schema: string;
  readonly scn: bigint;
  readonly statements: readonly { readonly sql: string; readonly schema: string; readonly executions: number }[];
  readonly sessions: readonly { readonly id: number; readonly user: string; readonly schema: string }[];
  readonly dependencies: (view: View) => readonly CatalogObject[];
}

type Cell = string | number | bigint | null;
interface Relation {
  readonly columns: readonly (readonly [name: string, type: OraType])[];
  readonly rows: readonly (readonly Cell[])[];
}

const NAME = VARCHAR2(128);
const FLAG = VARCHAR2(12);
const isTable = (object: CatalogObject): object is Table => object.kind === 'table';
const isView = (object: CatalogObject): object is View => object.kind === 'view';

/** Null where there is no view of that name. ALL_, USER_ and DBA_ differ in whose objects they show. */
export function dictionaryView(owner: string | null, name: string, facts: Facts): CompiledQuery | null {
  if (owner !== null && owner !== 'SYS' && owner !== 'PUBLIC') return null;
  const views =
    name.startsWith('GV$') || name.startsWith('V$') || name.startsWith('V_$')
      ? DYNAMIC[name.replace(/^GV\$|^V_\$/, 'V$')]
      : undefined;
  if (views !== undefined) return relation(views(facts));
  const match = /^(ALL|USER|DBA)_(.+)$/.exec(name);
  const made = match === null ? FIXED[name] : STATIC[match[2] ?? ''];
  if (made === undefined) return null;
  const all = made(facts);
  const ownerAt = all.columns.findIndex(([column]) => column === 'OWNER');
  if (match?.[1] !== 'USER' || ownerAt < 0) return relation(all);
  const own = all.rows.filter((row) => row[ownerAt] === facts.user);
  return relation({
    columns: all.columns.filter((_, index) => index !== ownerAt),
    rows: own.map((row) => row.filter((_, index) => index !== ownerAt)),
  });
}

function relation({ columns, rows }: Relation): CompiledQuery {
  const cell = (value: Cell, type: OraType): string => {
    if (value === null || value === '') return `CAST(NULL AS ${storageOf(type)})`;
    return `CAST(${quoteText(String(value))} AS ${storageOf(type)})`;
  };
  const names = columns.map((_, index) => `"c${index}"`).join(', ');
  const list = rows.map(
    (row) =>
      `(${row.map((value, index) => cell(value, (columns[index] as Relation['columns'][number])[1])).join(', ')})`,
  );
  const none = `SELECT ${columns.map(([, type], index) => `CAST(NULL AS ${storageOf(type)}) AS "c${index}"`).join(', ')} WHERE false`;
  const sql = rows.length === 0 ? none : `SELECT * FROM (VALUES ${list.join(', ')}) "#v"(${names})`;
  const value = (type: OraType, index: number): Typed => ({
    sql: `"c${index}"`,
    type,
    form: formOf(type),
    nullable: true,
  });
  return { sql, columns: columns.map(([name, type], index) => ({ name, value: value(type, index) })) };
}

const FIXED: Readonly<Record<string, (facts: Facts) => Relation>> = {
  DUAL: () => ({ columns: [['DUMMY', VARCHAR2(1)]], rows: [['X']] }),
  PRODUCT_COMPONENT_VERSION: () => ({
    columns: [
      ['PRODUCT', NAME],
      ['VERSION', NAME],
      ['VERSION_FULL', NAME],
      ['STATUS', NAME],
    ],
    rows: [['Oracle Database (Parqueue test server)', '19.0.0.0.0', '19.0.0.0.0', 'Test']],
  }),
  SESSION_PRIVS: () => ({ columns: [['PRIVILEGE', NAME]], rows: [['CREATE SESSION']] }),
};

const DYNAMIC: Readonly<Record<string, (facts: Facts) => Relation>> = {
  V$DATABASE: ({ scn }) => ({
    columns: [
      ['NAME', VARCHAR2(9)],
      ['DB_UNIQUE_NAME', VARCHAR2(30)],
      ['CURRENT_SCN', NUMBER],
      ['OPEN_MODE', VARCHAR2(20)],
      ['DATABASE_ROLE', VARCHAR2(16)],
    ],
    rows: [['PARQ', 'PARQ', scn, 'READ WRITE', 'PRIMARY']],
  }),
  V$VERSION: () => ({
    columns: [
      ['BANNER', VARCHAR2(80)],
      ['BANNER_FULL', VARCHAR2(160)],
      ['CON_ID', NUMBER],
    ],
    rows: [['Oracle Database 19c (Parqueue test server)', 'Oracle Database 19c (Parqueue test server)', 0]],
  }),
  V$INSTANCE: () => ({
    columns: [
      ['INSTANCE_NAME', VARCHAR2(16)],
      ['HOST_NAME', VARCHAR2(64)],
      ['VERSION', VARCHAR2(17)],
      ['STATUS', VARCHAR2(12)],
    ],
    rows: [['PARQ', 'localhost', '19.0.0.0.0', 'OPEN']],
  }),
  V$SQL: ({ statements }) => ({
    columns: [
      ['SQL_TEXT', VARCHAR2(4000)],
      ['SQL_FULLTEXT', { kind: 'CLOB' }],
      ['SQL_ID', VARCHAR2(13)],
      ['EXECUTIONS', NUMBER],
      ['PARSING_SCHEMA_NAME', NAME],
    ],
    rows: statements.map(({ sql, executions, schema }) => [sql.slice(0, 1000), sql, null, executions, schema]),
  }),
  V$SESSION: ({ sessions }) => ({
    columns: [
      ['SID', NUMBER],
      ['SERIAL#', NUMBER],
      ['USERNAME', NAME],
      ['SCHEMANAME', NAME],
      ['STATUS', VARCHAR2(8)],
      ['TYPE', VARCHAR2(10)],
    ],
    rows: sessions.map(({ id, user, schema }) => [id, 1, user, schema, 'ACTIVE', 'USER']),
  }),
};

const STATIC: Readonly<Record<string, (facts: Facts) => Relation>> = {
  OBJECTS: ({ catalog }) => ({
    columns: [
      ['OWNER', NAME],
      ['OBJECT_NAME', NAME],
      ['OBJECT_ID', NUMBER],
      ['OBJECT_TYPE', VARCHAR2(23)],
      ['STATUS', VARCHAR2(7)],
      ['TEMPORARY', VARCHAR2(1)],
    ],
    rows: [
      ...catalog
        .all()
        .map(
          (object) =>
            [
              object.owner,
              object.name,
              object.id,
              object.kind.toUpperCase(),
              'VALID',
              object.kind === 'table' && object.temporary ? 'Y' : 'N',
            ] as const,
        ),
      ...['DUAL'].map((name) => ['SYS', name, 142, 'TABLE', 'VALID', 'N'] as const),
      ...['DUAL'].map((name) => ['PUBLIC', name, 143, 'SYNONYM', 'VALID', 'N'] as const),
    ],
  }),
  TABLES: ({ catalog }) => ({
    columns: [
      ['OWNER', NAME],
      ['TABLE_NAME', NAME],
      ['TABLESPACE_NAME', VARCHAR2(30)],
      ['DEPENDENCIES', VARCHAR2(8)],
      ['TEMPORARY', VARCHAR2(1)],
      ['PARTITIONED', VARCHAR2(3)],
      ['NUM_ROWS', NUMBER],
      ['IOT_TYPE', VARCHAR2(12)],
      ['NESTED', VARCHAR2(3)],
      ['EXTERNAL', VARCHAR2(3)],
      ['STATUS', VARCHAR2(8)],
    ],
    rows: [
      ...catalog
        .all()
        .filter(isTable)
        .map(
          (table) =>
            [
              table.owner,
              table.name,
              'USERS',
              table.rowDependencies ? 'ENABLED' : 'DISABLED',
              table.temporary ? 'Y' : 'N',
              table.partitions.length > 0 ? 'YES' : 'NO',
              null,
              null,
              'NO',
              'NO',
              'VALID',
            ] as const,
        ),
      ['SYS', 'DUAL', 'SYSTEM', 'DISABLED', 'N', 'NO', 1, null, 'NO', 'NO', 'VALID'],
    ],
  }),
  VIEWS: ({ catalog }) => ({
    columns: [
      ['OWNER', NAME],
      ['VIEW_NAME', NAME],
      ['TEXT_LENGTH', NUMBER],
      ['TEXT', { kind: 'LONG' }],
      ['TEXT_VC', VARCHAR2(4000)],
    ],
    rows: catalog
      .all()
      .filter(isView)
      .map(({ owner, name, text }) => [owner, name, text.length, text, text.slice(0, 4000)]),
  }),
  SYNONYMS: ({ catalog }) => ({
    columns: [
      ['OWNER', NAME],
      ['SYNONYM_NAME', NAME],
      ['TABLE_OWNER', NAME],
      ['TABLE_NAME', NAME],
      ['DB_LINK', NAME],
    ],
    rows: [
      ...catalog
        .all()
        .flatMap((object) =>
          object.kind === 'synonym'
            ? [[object.owner, object.name, object.target.owner, object.target.name, object.link] as const]
            : [],
        ),
      ['PUBLIC', 'DUAL', 'SYS', 'DUAL', null],
    ],
  }),
  TAB_COLUMNS: columnsView,
  TAB_COLS: columnsView,
  DEPENDENCIES: ({ catalog, dependencies }) => ({
    columns: [
      ['OWNER', NAME],
      ['NAME', NAME],
      ['TYPE', VARCHAR2(19)],
      ['REFERENCED_OWNER', NAME],
      ['REFERENCED_NAME', NAME],
      ['REFERENCED_TYPE', VARCHAR2(19)],
      ['REFERENCED_LINK_NAME', NAME],
    ],
    rows: [
      ...catalog
        .all()
        .filter(isView)
        .flatMap((view) =>
          dependencies(view).map(
            (object) =>
              [view.owner, view.name, 'VIEW', object.owner, object.name, object.kind.toUpperCase(), null] as const,
          ),
        ),
      ...catalog
        .all()
        .flatMap((object) =>
          object.kind === 'synonym'
            ? [
                [
                  object.owner,
                  object.name,
                  'SYNONYM',
                  object.target.owner,
                  object.target.name,
                  catalog.get(object.target.owner, object.target.name)?.kind.toUpperCase() ?? 'NON-EXISTENT',
                  object.link,
                ] as const,
              ]
            : [],
        ),
    ],
  }),
  USERS: ({ catalog, user }) => ({
    columns: [
      ['USERNAME', NAME],
      ['USER_ID', NUMBER],
    ],
    rows: [...new Set(['SYS', user, ...catalog.all().map(({ owner }) => owner)])]
      .filter((name) => name !== 'PUBLIC')
      .map((name, index) => [name, index]),
  }),
};

function columnsView({ catalog }: Facts): Relation {
  const described = catalog.all().flatMap((object) => (object.kind === 'synonym' ? [] : [object]));
  return {
    columns: [
      ['OWNER', NAME],
      ['TABLE_NAME', NAME],
      ['COLUMN_NAME', NAME],
      ['DATA_TYPE', NAME],
      ['DATA_LENGTH', NUMBER],
      ['DATA_PRECISION', NUMBER],
      ['DATA_SCALE', NUMBER],
      ['NULLABLE', FLAG],
      ['COLUMN_ID', NUMBER],
      ['CHAR_LENGTH', NUMBER],
      ['HIDDEN_COLUMN', VARCHAR2(3)],
      ['VIRTUAL_COLUMN', VARCHAR2(3)],
    ],
    rows: described.flatMap((object) =>
      object.columns.map(({ name, type, nullable }, index) => [
        object.owner,
        object.name,
        name,
        ...typeCells(type),
        nullable ? 'Y' : 'N',
        index + 1,
        'chars' in type ? type.chars : 0,
        'NO',
        'NO',
      ]),
    ),
  };
}

/** DATA_TYPE, DATA_LENGTH, DATA_PRECISION, DATA_SCALE. */
function typeCells(type: OraType): readonly Cell[] {
  switch (type.kind) {
    case 'NUMBER':
      return ['NUMBER', 22, type.precision, type.precision === null ? null : type.scale];
    case 'FLOAT':
      return ['FLOAT', 22, type.precision, null];
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH TIME ZONE':
    case 'TIMESTAMP WITH LOCAL TIME ZONE':
      return [
        type.kind.replace('TIMESTAMP', `TIMESTAMP(${type.fraction})`),
        type.fraction > 0 ? 11 : 7,
        null,
        type.fraction,
      ];
    case 'INTERVAL DAY TO SECOND':
      return [`INTERVAL DAY(${type.leading}) TO SECOND(${type.fraction})`, 11, type.leading, type.fraction];
    case 'INTERVAL YEAR TO MONTH':
      return [`INTERVAL YEAR(${type.leading}) TO MONTH`, 5, type.leading, 0];
    case 'OBJECT':
      return [type.name, 2000, null, null];
    case 'RAW':
      return ['RAW', type.bytes, null, null];
    default:
      return [type.kind, 'chars' in type ? type.chars : 4000, null, null];
  }
}
