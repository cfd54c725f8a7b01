/**
 * Words that call a function without parentheses, and pseudocolumns, whose value no table's version covers. Source:
 * SQL Language Reference, chapter 3 "Pseudocolumns" and chapter 7 "Functions"; PL/SQL Language Reference for ORA_*.
 */
const CLOCK = 'reads the clock';
const SESSION = 'depends on who asks';

export const READ_BESIDES_TABLES: ReadonlyMap<string, string> = new Map([
  ['SYSDATE', CLOCK],
  ['SYSTIMESTAMP', CLOCK],
  ['CURRENT_DATE', CLOCK],
  ['CURRENT_TIMESTAMP', CLOCK],
  ['LOCALTIMESTAMP', CLOCK],
  ['USER', SESSION],
  ['UID', SESSION],
  ['USERENV', SESSION],
  ['SYS_CONTEXT', SESSION],
  ['ORA_INVOKING_USER', SESSION],
  ['ORA_INVOKING_USERID', SESSION],
  ['ORA_LOGIN_USER', SESSION],
  ['ORA_CLIENT_IP_ADDRESS', SESSION],
  ['ORA_DATABASE_NAME', SESSION],
  ['ORA_INSTANCE_NUM', SESSION],
  ['SESSIONTIMEZONE', SESSION],
  ['ORA_ROWSCN', 'can change without a commit, when Oracle cleans a block up'],
  ['SYS_GUID', 'is another value each time'],
]);

/** What counts behind a qualifier too, or only there: without one, NEXTVAL is a column. */
export const READ_BEHIND_QUALIFIERS: ReadonlyMap<string, string> = new Map([
  ['ORA_ROWSCN', READ_BESIDES_TABLES.get('ORA_ROWSCN') ?? ''],
  ['NEXTVAL', 'reads a sequence'],
  ['CURRVAL', 'reads a sequence'],
]);
