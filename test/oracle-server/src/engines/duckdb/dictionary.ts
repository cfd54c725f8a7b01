/** The data dictionary and the dynamic views, made from the catalog when they are asked for. */
import type { OraType } from '../../engine.ts';
import type { CatalogObject, Table, View } from './catalog.ts';
import type { CompiledQuery } from './context.ts';
import { DYNAMIC, FIXED } from './dynamic-views.ts';
import type { Cell, Facts, Relation } from './relation.ts';
import { FLAG, NAME, relation } from './relation.ts';
import { DATE, NUMBER, VARCHAR2 } from './typed.ts';

const isTable = (object: CatalogObject): object is Table => object.kind === 'table';
const isView = (object: CatalogObject): object is View => object.kind === 'view';

/** Null where there is no view of that name. ALL_, USER_ and DBA_ differ in whose objects they show. */
export function dictionaryView(owner: string | null, name: string, facts: Facts): CompiledQuery | null {
  if (owner !== null && owner !== 'SYS' && owner !== 'PUBLIC') return null;
  const views = DYNAMIC[dynamicName(name)];
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

/** V_$DATABASE and GV$DATABASE are V$DATABASE. */
export const dynamicName = (name: string): string => name.replace(/^G?V_?\$/, 'V$');

const STATIC: Readonly<Record<string, (facts: Facts) => Relation>> = {
  OBJECTS: ({ catalog }) => ({
    columns: [
      ['OWNER', NAME],
      ['OBJECT_NAME', NAME],
      ['OBJECT_ID', NUMBER],
      ['OBJECT_TYPE', VARCHAR2(23)],
      ['STATUS', VARCHAR2(7)],
      ['TEMPORARY', VARCHAR2(1)],
      ['LAST_DDL_TIME', DATE],
    ],
    rows: [
      ...catalog.all().map((object): readonly Cell[] => {
        const temporary = object.kind === 'table' && object.temporary ? 'Y' : 'N';
        const { owner, name, id, kind } = object;
        return [owner, name, id, kind.toUpperCase(), 'VALID', temporary, catalog.changedAt(object)];
      }),
      ['SYS', 'DUAL', 142, 'TABLE', 'VALID', 'N', 0n],
      ['PUBLIC', 'DUAL', 143, 'SYNONYM', 'VALID', 'N', 0n],
    ],
  }),
  EXTERNAL_TABLES: () => ({
    columns: [
      ['OWNER', NAME],
      ['TABLE_NAME', NAME],
    ],
    rows: [],
  }),
  MVIEWS: () => ({
    columns: [
      ['OWNER', NAME],
      ['MVIEW_NAME', NAME],
      ['LAST_REFRESH_DATE', DATE],
    ],
    rows: [],
  }),
  TAB_PARTITIONS: ({ catalog }) => ({
    columns: [
      ['TABLE_OWNER', NAME],
      ['TABLE_NAME', NAME],
      ['PARTITION_NAME', NAME],
      ['PARTITION_POSITION', NUMBER],
    ],
    rows: catalog
      .all()
      .filter(isTable)
      .flatMap(({ owner, name, partitions }) =>
        partitions.map((partition, at) => [owner, name, partition.name, at + 1]),
      ),
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
