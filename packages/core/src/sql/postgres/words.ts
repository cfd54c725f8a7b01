/**
 * Words of Postgres that mean something of their own. Source: pg_get_keywords() of releases 15 to 17 (classes R, T and
 * C: reserved, reserved but for functions and types, and those that are no names of functions or types), and the
 * manual's chapter 9 for what reads the clock or the session.
 */
import { words } from '../tokens.ts';

const CLOCK = 'reads the clock';
const SESSION = 'depends on who asks';

/** Called without parentheses. */
export const READ_BESIDES_TABLES: ReadonlyMap<string, string> = new Map([
  ['CURRENT_DATE', CLOCK],
  ['CURRENT_TIME', CLOCK],
  ['CURRENT_TIMESTAMP', CLOCK],
  ['LOCALTIME', CLOCK],
  ['LOCALTIMESTAMP', CLOCK],
  ['CURRENT_CATALOG', SESSION],
  ['CURRENT_ROLE', SESSION],
  ['CURRENT_SCHEMA', SESSION],
  ['CURRENT_USER', SESSION],
  ['SESSION_USER', SESSION],
  ['SYSTEM_USER', SESSION],
  ['USER', SESSION],
]);

const PLACE = 'is where a row lies or who wrote it, which can change while the row does not';

/** In the catalogue's spelling. */
export const SYSTEM_COLUMNS: ReadonlyMap<string, string> = new Map(
  ['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'].map((name): [string, string] => [name, PLACE]),
);

/** Never an alias that stands without AS, and never the name of a user's function called without quotes. */
export const RESERVED: ReadonlySet<string> = words(`
  ALL ANALYSE ANALYZE AND ANY ARRAY AS ASC ASYMMETRIC BOTH CASE CAST CHECK COLLATE COLUMN CONSTRAINT CREATE
  CURRENT_CATALOG CURRENT_DATE CURRENT_ROLE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEFAULT DEFERRABLE DESC
  DISTINCT DO ELSE END EXCEPT FALSE FETCH FOR FOREIGN FROM GRANT GROUP HAVING IN INITIALLY INTERSECT INTO LATERAL
  LEADING LIMIT LOCALTIME LOCALTIMESTAMP NOT NULL OFFSET ON ONLY OR ORDER PLACING PRIMARY REFERENCES RETURNING SELECT
  SESSION_USER SOME SYMMETRIC SYSTEM_USER TABLE THEN TO TRAILING TRUE UNION UNIQUE USER USING VARIADIC WHEN WHERE WINDOW
  WITH`);

/** Reserved, but functions and types may be called so. */
export const RESERVED_BUT_FOR_FUNCTIONS: ReadonlySet<string> = words(`
  AUTHORIZATION BINARY COLLATION CONCURRENTLY CROSS CURRENT_SCHEMA FREEZE FULL ILIKE INNER IS ISNULL JOIN LEFT LIKE
  NATURAL NOTNULL OUTER OVERLAPS RIGHT SIMILAR TABLESAMPLE VERBOSE`);

/** Syntax of expressions and types: no function of that name can be called without quotes. */
export const NO_FUNCTIONS: ReadonlySet<string> = words(`
  BETWEEN BIGINT BIT BOOLEAN CHAR CHARACTER COALESCE DEC DECIMAL EXISTS EXTRACT FLOAT GREATEST GROUPING INOUT INT
  INTEGER INTERVAL LEAST NATIONAL NCHAR NONE NORMALIZE NULLIF NUMERIC OUT OVERLAY POSITION PRECISION REAL ROW SETOF
  SMALLINT SUBSTRING TIME TIMESTAMP TREAT TRIM VALUES VARCHAR XMLATTRIBUTES XMLCONCAT XMLELEMENT XMLEXISTS XMLFOREST
  XMLNAMESPACES XMLPARSE XMLPI XMLROOT XMLSERIALIZE XMLTABLE`);

/**
 * Words of the grammar before a parenthesis that are nobody's reserve. A user's function may be called so: they stand
 * among the calls, and the database is asked. Type names before their precision and syntax of releases 16 and 17 too.
 */
export const GRAMMAR_OR_FUNCTION: ReadonlySet<string> = words(`
  BY COLUMNS CUBE ESCAPE EXCLUDE FILTER FIRST GROUPS ILIKE IS LIKE MATERIALIZED NESTED NEXT NULLS ORDINALITY OVER
  OVERLAPS PARTITION PASSING PATH RANGE REPEATABLE ROLLUP ROWS SETS UESCAPE VALUE WITHIN DAY HOUR MINUTE MONTH SECOND YEAR
  ZONE VARYING BPCHAR TIMESTAMPTZ TIMETZ VARBIT JSON JSON_ARRAY JSON_ARRAYAGG JSON_EXISTS JSON_OBJECT JSON_OBJECTAGG
  JSON_QUERY JSON_SCALAR JSON_SERIALIZE JSON_TABLE JSON_VALUE`);
