import { describe, expect, it } from 'vitest';
import { readStatement } from './read-statement.ts';

const obstacles = (sql: string): string[] =>
  readStatement(sql, 'oracle')
    .obstacles.map(({ construct }) => construct)
    .toSorted();

describe('obstacles', () => {
  it.each([
    [
      'the clock',
      'select sysdate, systimestamp, current_date, current_timestamp(3), localtimestamp from t',
      'CURRENT_DATE CURRENT_TIMESTAMP LOCALTIMESTAMP SYSDATE SYSTIMESTAMP',
    ],
    ['the clock in a condition', 'select 1 from t where d > trunc(sysdate) - 7', 'SYSDATE'],
    ['the clock in ON', 'select 1 from t join s on t.d > sysdate', 'SYSDATE'],
    ['the clock in FETCH', 'select 1 from t fetch first rate(1) rows only', 'RATE()'],
    [
      'the session',
      "select user, uid, sys_context('a', 'b'), userenv('x'), ora_invoking_user, sessiontimezone from t",
      'ORA_INVOKING_USER SESSIONTIMEZONE SYS_CONTEXT UID USER USERENV',
    ],
    ['sequences', 'select s.nextval, app.s.currval, "S".NEXTVAL from t', '"S".NEXTVAL APP.S.currval S.NEXTVAL'],
    ['links in FROM', 'select * from t@remote, app.s@"R".world x', 'APP.S@"R".WORLD T@REMOTE'],
    ['links in expressions', 'select f@remote(1) from t', 'F@REMOTE'],
    ['functions of users', 'select f(1), app.f(1), app.pkg.f(t.a), "Max"(1) from t', '"Max"() APP.F() APP.PKG.f() F()'],
    [
      'functions of users named like keywords',
      'select year(d), first(x), over(1), timestamp(x), columns(1), cv(2) from t',
      'COLUMNS() CV() FIRST() OVER() TIMESTAMP() YEAR()',
    ],
    [
      'packages',
      'select dbms_random.value, dbms_random.value(1, 2), dbms_lob.getlength(c) from t',
      'DBMS_LOB.GETLENGTH() DBMS_RANDOM.VALUE DBMS_RANDOM.VALUE()',
    ],
    [
      'functions without parentheses behind a qualifier',
      'select rates.current_rate, t.a, app.rates.other from t',
      'APP.RATES.other RATES.CURRENT_RATE',
    ],
    [
      'functions without parentheses in ON and in row patterns',
      'select 1 from t join s on t.a = rates.x join u match_recognize (order by d pattern (a b) define b as b.p > calc.y and a.p = 1) m on 1 = 1',
      'CALC.Y RATES.X',
    ],
    ['methods', 'select t.o.total(), f.g(x).h() from t', 'F.G() T.O.total() h()'],
    ['SYS_GUID', 'select sys_guid() from t', 'SYS_GUID'],
    ['ORA_ROWSCN', 'select ora_rowscn, t.ora_rowscn from t', 'ORA_ROWSCN T.ORA_ROWSCN'],
    [
      'table functions',
      'select * from table(f(1)), pipe(2), pkg.pipe(3) p, a join rows(4) on 1=1',
      'F() PIPE() PKG.PIPE() ROWS() TABLE()',
    ],
    ['stored collections', 'select * from t, table(t.items)', 'TABLE()'],
    [
      'other sources in FROM',
      "select * from containers(t), graph_table(g match (a)), external ((a number) location ('x'))",
      'CONTAINERS() EXTERNAL() GRAPH_TABLE() LOCATION() MATCH()',
    ],
    ['cursors', 'select cursor(select 1 from s) from t', 'CURSOR()'],
    ['SAMPLE without SEED', 'select * from t sample (5), s sample block (5)', 'SAMPLE'],
    ['flashback', 'select * from t as of scn 5, s versions between scn 1 and 2', 'AS OF VERSIONS'],
    ['flashback of a subquery', "select * from (select * from t) as of timestamp date '2020-01-01'", 'AS OF'],
    [
      "the database's own views",
      'select * from v$session, gv$sql, sys.obj$, x$ksppi, v_$x, sys.v_$session',
      'GV$SQL SYS.OBJ$ SYS.V_$SESSION V$SESSION V_$X X$KSPPI',
    ],
    ['names that the database folds', 'select * from größe', 'GRößE'],
    ['names of four parts', 'select * from a.b.c', 'A.B.c'],
    [
      'WITH after a set operator',
      'select 1 from a union all with b as (select 1 from c) select 1 from b',
      'WITH after a set operator',
    ],
    [
      'dates without year or month',
      "select to_date('10', 'DD'), to_timestamp(x, 'HH24:MI') from t",
      'TO_DATE() TO_TIMESTAMP()',
    ],
    [
      'letters of other elements that look like a month or a whole date',
      "select to_date(x, 'YYYY FMMI'), to_timestamp(x, 'HH24:DDSS') from t",
      'TO_DATE() TO_TIMESTAMP()',
    ],
    [
      'CAST with an incomplete format',
      "select cast(x as date default null on conversion error, 'HH24:MI') from t",
      'CAST()',
    ],
    ['date formats that are computed', "select to_date(x, f), to_date('1', 'YY' || 'YY-MM') from t", 'TO_DATE()'],
    [
      'XQuery that reads',
      `select * from xmltable('for $i in fn:collection("oradb:/A/T") return $i' columns x number path 'x') x`,
      'XMLTABLE()',
    ],
    [
      'obstacles inside what is skipped for tables',
      'select * from t match_recognize (order by d measures f(x) as y pattern (a b) define b as sysdate > a.d)',
      'F() SYSDATE',
    ],
    ['obstacles in WITH', 'with x as (select f(1) a from dual) select * from x', 'F()'],
    ['analytic views', 'with v analytic view as (using a) select * from v', 'WITH V'],
  ])('%s', (_claim, sql, expected) => {
    expect(obstacles(sql).join(' ')).toBe(expected);
  });

  it('are told once each', () => {
    expect(obstacles('select sysdate, SYSDATE, Sysdate from t')).toEqual(['SYSDATE']);
  });

  it('carry no literal', () => {
    const { obstacles: found } = readStatement("select f('secret'), p.g('secret') from v$x@y", 'oracle');
    expect(JSON.stringify(found)).not.toContain('secret');
  });
});

describe('what is no obstacle', () => {
  it.each([
    ["nvl(a, 0), decode(a, 1, 'x'), substr(s, 1, 2), to_char(d, 'YYYY'), round(x, 2), regexp_like(s, 'x')"],
    ['cast(a as number(10, 2)), cast(b as varchar2(10)), cast(c as timestamp(3)), cast(d as nvarchar2(5))'],
    ["interval '1' day, interval '1-2' year(4) to month, interval '1 2:3:4.5' day(3) to second(2)"],
    [
      'count(*), sum(x) over (partition by y order by z rows between 1 preceding and current row), ratio_to_report(x) over ()',
    ],
    ["max(x) keep (dense_rank first order by y), listagg(x, ',') within group (order by x), count(distinct (x))"],
    ['first_value(x) ignore nulls over (order by y), lag(x, 1) over (order by y)'],
    ['case when (a = 1) then (2) else (3) end, a + (b), -(c), not_a, x || (y)'],
    [
      "to_date(x, 'YYYY-MM-DD'), to_date(x, 'DD.MM.RR'), to_date(x), to_timestamp(x, 'YYYY-MM-DD\"T\"HH24:MI:SS.FF6'), to_date(j, 'J')",
    ],
    ["json_value(d, '$.a' returning number(5)), json_object('k' : v, key 'l' value w), json_arrayagg(x order by y)"],
    ['xmlquery(\'/a/doc\' passing x returning content), xmlelement("a", xmlattributes(b as "c"))'],
    ['rownum, rowid, level, t.rowid, t.doc.a.b, app.t.x, "Q".x, dbtimezone'],
    ['t.user_name, t."USER", "SYSDATE", t.sysdate$'],
    ['cast(multiset(select x from t) as num_list)'],
    [
      "cast(x as date, 'YYYYMMDD'), cast(x as timestamp(3) default null on conversion error, 'YYYY-MM-DD HH24:MI:SS.FF')",
    ],
    ["cast(x as number default 0 on conversion error, '999D9'), to_date(x, 'FMDDMMYYYY')"],
    ["date '2020-01-01', timestamp '2020-01-01 00:00:00', n'x'"],
  ])('%s', (list) => {
    expect(obstacles(`select ${list} from t, "Q"`)).toEqual([]);
  });

  it.each([
    ['outer join marks', 'select 1 from a, b where a.id = b.id(+) and b.x(+) = 1'],
    ['hierarchies', "select sys_connect_by_path(a, '/'), connect_by_root a from t connect by nocycle (prior id = p)"],
    ['grouping', 'select 1 from t group by grouping sets ((a, b), rollup (c), cube (d)), e having (count(*) > 1)'],
    [
      'conditions',
      "select 1 from t where (a, b) in ((1, 2)) and (x like ('a%') escape ('!')) and not (y) and z = any (1, 2) and exists (select 1 from s)",
    ],
    ['pivots', 'select * from t pivot (sum(x) as s for (y, z) in ((1, 2) as a)) p'],
    [
      'row patterns',
      'select * from t match_recognize (partition by s order by d measures classifier() as c, last(dn.p) as l all rows per match after match skip to last up pattern (^ st (dn | up)+? permute(a, b) $) subset u = (up, dn) define up as up.p > prev(up.p, 1)) m where m.c is null',
    ],
    [
      'models',
      'select * from t model return updated rows partition by (a) dimension by (b) measures (c) ignore nav rules automatic order iterate (3) until (previous(c[1]) = c[1]) (c[1] = cv(b), c[for b in (1, 2)] = presentv(c[1], 1, 0))',
    ],
    [
      'aliases told after their use',
      'select x.a, y.b from t x join lateral (select 1 b from s where s.k = x.k) y on x.k = y.b where exists (select 1 from u z where z.a = y.b)',
    ],
    ['names from WITH', 'with c as (select 1 a from dual) select c.a from c'],
    [
      'names from WITH that no table may have',
      'with v$c as (select 1 a from dual), é as (select 2 b from v$c) select é.b from é',
    ],
    [
      'NESTED columns of an array',
      'select j.a from t, json_table(t.doc columns (nested lines[*] columns (a number(5)))) j',
    ],
    ['samples with a seed', 'select * from t sample (5) seed (3)'],
    [
      'XML tables',
      "select x.a from t, xmltable(xmlnamespaces('u' as \"n\"), '/n:doc/import' passing t.d columns a varchar2(9) path '@a') x",
    ],
    ['NESTED columns', "select j.a from t nested doc columns (a number(5) path '$.a') j"],
  ])('%s', (_claim, sql) => {
    expect(obstacles(sql)).toEqual([]);
  });
});
