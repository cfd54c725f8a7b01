/** The V$ views and what has no owner's prefix: DUAL, versions, privileges. */
import type { Facts, Relation } from './relation.ts';
import { NAME } from './relation.ts';
import { NUMBER, VARCHAR2 } from './typed.ts';

export const FIXED: Readonly<Record<string, (facts: Facts) => Relation>> = {
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

export const DYNAMIC: Readonly<Record<string, (facts: Facts) => Relation>> = {
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
