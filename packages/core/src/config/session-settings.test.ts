import { describe, expect, it } from 'vitest';
import type { SqlSourceKind } from '../model/request.ts';
import { openMysqlTestDatabase } from '../testing/mysql-database.ts';
import { openPostgresTestDatabase } from '../testing/postgres-database.ts';
import { checkSessionSettings, sessionSettings, settingNames } from './session-settings.ts';

const problemsOf = (kind: SqlSourceKind, given: Record<string, string>): readonly string[] =>
  checkSessionSettings(kind, given).map(({ path, message }) => `${path.join('.')} ${message}`);

/** Every choice that changes what a session is set to, so that a server can be asked about each. */
const CHOICES: Readonly<Record<'postgres' | 'mysql', readonly (readonly [string, string, string])[]>> = {
  postgres: [
    ['timezone', 'Europe/Berlin', 'Europe/Berlin'],
    ['timezone', 'utc', 'UTC'],
    ['timezone', 'Etc/GMT+5', 'Etc/GMT+5'],
    ['timezone', 'EST5EDT', 'EST5EDT'],
    ['timezone', 'America/Port-au-Prince', 'America/Port-au-Prince'],
    ['datestyle', 'iso', 'ISO, MDY'],
    ['datestyle', 'ISO,dmy', 'ISO, DMY'],
    ['datestyle', 'ISO, YMD', 'ISO, YMD'],
    ['lc_monetary', 'C', 'C'],
    ['lc_time', 'C.UTF-8', 'C.UTF-8'],
    ['default_text_search_config', 'pg_catalog.german', 'pg_catalog.german'],
    ['array_nulls', 'OFF', 'off'],
    ['transform_null_equals', 'on', 'on'],
    ['timezone_abbreviations', 'india', 'India'],
    ['xmlbinary', 'hex', 'hex'],
    ['xmloption', 'document', 'document'],
  ],
  mysql: [
    ['time_zone', '+2:00', '+02:00'],
    ['time_zone', '-00:00', '+00:00'],
    ['sql_mode', '', ''],
    ['sql_mode', ' strict_all_tables, NO_ZERO_DATE,NO_ZERO_DATE', 'NO_ZERO_DATE,STRICT_ALL_TABLES'],
    [
      'sql_mode',
      'ALLOW_INVALID_DATES,NO_UNSIGNED_SUBTRACTION,NO_ZERO_IN_DATE,PAD_CHAR_TO_FULL_LENGTH,REAL_AS_FLOAT',
      'ALLOW_INVALID_DATES,NO_UNSIGNED_SUBTRACTION,NO_ZERO_IN_DATE,PAD_CHAR_TO_FULL_LENGTH,REAL_AS_FLOAT',
    ],
    ['collation_connection', 'UTF8MB4_bin', 'utf8mb4_bin'],
    ['group_concat_max_len', '007', '7'],
    ['group_concat_max_len', '1073741824', '1073741824'],
    ['div_precision_increment', '30', '30'],
    ['lc_time_names', 'DE_de', 'de_DE'],
    ['default_week_format', '7', '7'],
    ['max_sort_length', '8388608', '8388608'],
  ],
};

describe('session settings', () => {
  it.each(
    Object.entries(CHOICES).flatMap(([kind, all]) => all.map((choice) => [kind as 'postgres', ...choice] as const)),
  )('of %s: %s %j is %j, whatever the case of its name', (kind, name, given, read) => {
    expect(problemsOf(kind, { [name.toUpperCase()]: given })).toEqual([]);
    expect(sessionSettings(kind, { [name.toUpperCase()]: given })).toEqual({
      ...sessionSettings(kind, {}),
      [name]: read,
    });
  });

  it('that are fixed may be written as they are, and are told why they cannot be otherwise', () => {
    expect(problemsOf('postgres', { bytea_output: 'HEX', standard_conforming_strings: 'on', role: 'none' })).toEqual(
      [],
    );
    expect(problemsOf('mysql', { sql_auto_is_null: '0' })).toEqual([]);
    expect(
      problemsOf('postgres', { bytea_output: 'escape', standard_conforming_strings: 'off', intervalstyle: 'postgres' }),
    ).toEqual([
      'bytea_output must be hex: rows travel in that form',
      'standard_conforming_strings must be on: statements are read that way here',
      'intervalstyle must be iso_8601: intervals travel in that form',
    ]);
    expect(problemsOf('mysql', { sql_select_limit: '10' })).toEqual([
      'sql_select_limit must be 18446744073709551615: any other leaves out rows; write LIMIT in the statement',
    ]);
  });

  it.each([
    ...['ANSI_QUOTES', 'PIPES_AS_CONCAT', 'NO_BACKSLASH_ESCAPES', 'IGNORE_SPACE', 'HIGH_NOT_PRECEDENCE'],
    ...['ANSI', 'ORACLE', 'MSSQL', 'DB2', 'POSTGRESQL', 'TRADITIONAL', 'NO_FIELD_OPTIONS', '4', "STRICT_ALL_TABLES,'x"],
  ])('of MySQL do not have the mode %s, by which statements would be read otherwise', (mode) => {
    expect(problemsOf('mysql', { sql_mode: mode })).toEqual([
      expect.stringMatching(/^sql_mode must be a list of .* change how a statement is read/),
    ]);
  });

  it.each<[SqlSourceKind, string, readonly string[]]>([
    ['postgres', 'timezone', ['+02:00', '2', 'UTC+3', 'EST-5', 'LOCAL', 'localtime', 'default', "Europe/Ber'lin", '']],
    ['postgres', 'datestyle', ['German', 'SQL, DMY', 'ISO, XYZ', '']],
    ['postgres', 'lc_monetary', ["C'", '', 'de DE', 'C\n']],
    ['postgres', 'default_text_search_config', ['a.b.c', 'English', "x'"]],
    ['mysql', 'time_zone', ['SYSTEM', 'system', '+14:01', '-14:00', '+1:60', "UTC'", '']],
    ['mysql', 'collation_connection', ['latin1_bin', 'utf8mb4_', 'utf8mb4_bin;', 'utf8_bin']],
    ['mysql', 'lc_time_names', ['german', 'de', "de_DE'"]],
    ['mysql', 'group_concat_max_len', ['3', '1073741825', '1e6', '-1', '']],
    ['mysql', 'default_week_format', ['8', 'x']],
  ])('of %s: %s is none of %j', (kind, name, values) => {
    for (const value of values) expect(problemsOf(kind, { [name]: value }), value).toHaveLength(1);
  });

  it('of another kind or nobody are told with what was meant', () => {
    const [nls, near, twice] = problemsOf('postgres', {
      NLS_SORT: 'x',
      timezon: 'UTC',
      Timezone: 'UTC',
      TIMEZONE: 'UTC',
    });
    expect(nls).toMatch(/^NLS_SORT is not a setting that may be set here; known: array_nulls, /);
    expect(near).toContain('(did you mean "timezone"?)');
    expect(twice).toBe('TIMEZONE is given twice, in other letters; write it once');
    expect(problemsOf('postgres', { search_path: 'x', statement_timeout: '1', constructor: 'x' })).toHaveLength(3);
  });
});

describe('what a session is set to', () => {
  it('PostgreSQL takes, value for value', async () => {
    await using database = await openPostgresTestDatabase();
    const session = await database.connect();
    const all = [
      ...Object.entries(sessionSettings('postgres', {})),
      ...CHOICES.postgres.map(([name, , read]) => [name, read]),
    ];
    for (const [name = '', value = ''] of all) {
      await session.query(`SET ${name} = '${value}'`);
      const { rows } = await session.query<{ value: string }>(`SELECT current_setting('${name}') AS value`);
      expect(rows, name).toEqual([{ value }]);
    }
    await session.end();
  });

  it('MariaDB takes, value for value', async () => {
    await using database = await openMysqlTestDatabase();
    const session = await database.connect();
    const all = [
      ...Object.entries(sessionSettings('mysql', {})),
      ...CHOICES.mysql.map(([name, , read]) => [name, read]),
    ];
    for (const [name = '', value = ''] of all) {
      await session.query(`SET SESSION ${name} = ${/^[0-9]+$/.test(value) ? value : `'${value}'`}`);
      const [rows] = await session.query(`SELECT CAST(@@SESSION.${name} AS CHAR) AS value`);
      const [{ value: kept = '' } = {}] = rows as { value?: string }[];
      // Its word for 0, which MySQL writes as a number.
      const shown = kept === 'OFF' ? '0' : kept.split(',').toSorted().join(',');
      expect(shown, name).toBe(value);
    }
    await session.end();
  });

  it('has every setting that there is, but the amounts of Postgres, which only a database knows', () => {
    for (const kind of ['oracle', 'postgres', 'mysql'] as const)
      expect(settingNames(kind).filter((name) => !Object.hasOwn(sessionSettings(kind, {}), name))).toEqual(
        kind === 'postgres' ? ['lc_monetary'] : [],
      );
  });
});
