/** Texts that look like SQL: statements that people write, cut, doubled and crossed; and pieces that end and begin tokens. */
import fc from 'fast-check';

export type Dialect = 'oracle' | 'postgres' | 'mysql';
export const DIALECTS: readonly Dialect[] = ['oracle', 'postgres', 'mysql'];

/** A literal that a refusal must not repeat, whatever becomes of the text around it. */
export const SECRET = 'S3cret pass!word \u00fc';

const SHARED: readonly string[] = [
  `select id, name from users where name = '${SECRET}' and id > :low order by 2 desc`,
  'select a.x, b.y from a join b on a.id = b.id left join c using (id) where a.x in (select x from d)',
  'with t as (select 1 n from dual), u (k, v) as (select n, n from t) select * from u union all select * from u',
  "select case when x like 'a%' then -1.5e-3 else .5 end, count(distinct y) over (partition by z order by w) from app.t",
  'select t.* from (select * from inner_t where b between :a and :b) t, lateral_t, "Odd Name" where not exists (select 1 from q)',
  "select /* why */ x -- and so\n, 'it''s', '--', '/* no */' from t ;",
];

const OWN: Readonly<Record<Dialect, readonly string[]>> = {
  oracle: [
    "select /*+ full(t) parallel(4) */ t.c, nq'[it's]', q'!a!', date '2024-02-29' from app.sales partition (p1) t where rownum < 10",
    'select --+ first_rows\n extract(year from d), t.doc.name, t."Doc"."Name" from t sample (10) seed (1) t as of scn 5',
    'select level, prior x from t@remote.world start with a is null connect by nocycle prior id = parent(+)',
    "select * from t match_recognize (pattern (a b+? {- c -}) define b as b.x > prev(b.x)), json_table(d, '$' columns (x path '$.x'))",
    'select nth_value(a, 2) from last over (order by b) from only (v) pivot (sum(x) for y in (1 as a))',
    'select sysdate, app.pkg.f(x), seq.nextval from dual where x ^= 1 and y ~= 2d or z > 1.5f',
  ],
  postgres: [
    "select $$it's$$, $tag$ $$ $tag$, e'a\\'b', u&'\\0041', b'01', x'1F', 1_000, 0xff, a[1:2], array[1, 2]::int[] from \"T\"",
    "select a->>'k', b @> '{}'::jsonb, c #- '{a}', d::numeric(10, 2) from only t tablesample system (1) repeatable (5) as x (a, b)",
    "select 'a'\n'b', now(), f(a => 1), count(*) filter (where x is distinct from y) within group (order by z) from s.t *",
    'with recursive t (n) as (values (1) union all select n + 1 from t where n < 5) search depth first by n set o select * from t',
    'table users union select * from generate_series(1, :n) with ordinality as g (v, i) fetch first :k rows only',
    'select /* a /* nested */ b */ u&"\\0041", x operator(pg_catalog.+) 1, grouping sets from rows from (f(1), g(2)) r',
  ],
  mysql: [
    "select `a``b`, \"dq\", n'x', x'41', 0b1, @v := 1, @@session.sql_mode, _utf8mb4'x', count (*), count(*) from `T` # end\n",
    'select /*+ bka(t) */ straight_join t.`x` from a straight_join b partition (p0) as c use index (i, j) ignore key for join (k)',
    "select 5--1, a <=> b, j->>'$.a', x div 2, interval 1 day + d from t for system_time as of now(6) limit :a, :b",
    "select 'a\\'b', \"c\"\"d\", 'a' 'b', date '2024-01-01', 1e5, .5, 1. from {oj a left join b on 1} where x rlike 'a' -- x\n",
    'values row(1, 2), row(3, 4) order by 1 limit 1 offset :o',
    "with recursive t as (select 1 n union all select n + 1 from t) select group_concat(n order by n separator ',') from t procedure analyse()",
  ],
};

export const PIECES: Readonly<Record<Dialect, readonly string[]>> = {
  oracle: [
    "q'[",
    "]'",
    "nq'!",
    "!'",
    'n',
    '(+)',
    '^=',
    '2d',
    '1f',
    '1..2',
    '{-',
    '-}',
    '@',
    '--+ h\n',
    '/*+ h */',
    '$',
    '#',
  ],
  postgres: [
    '$$',
    '$t$',
    '$1',
    "e'",
    "u&'",
    'u&"',
    '[',
    ']',
    '::',
    ':=',
    '=>',
    '@-',
    '->>',
    '1_',
    '0x',
    '`',
    '#',
    '?',
    '.*',
  ],
  mysql: [
    '`',
    '``',
    '#',
    '@',
    '@@',
    "@'",
    "x'",
    "_latin1'",
    '/*!',
    '/*M!',
    '--',
    '-- ',
    '0x',
    '0b',
    '{',
    '}',
    '<=>',
    ':=',
  ],
};

const COMMON: readonly string[] = [
  ...[
    "'",
    "''",
    '"',
    '""',
    '--',
    '--\n',
    '/*',
    '*/',
    '\\',
    "\\'",
    ';',
    '(',
    ')',
    ',',
    '.',
    '*',
    '+',
    '-',
    '/',
    '|',
    '=',
    '<',
  ],
  ...[
    ' ',
    '\n',
    '\r\n',
    '\t',
    '\f',
    '\v',
    '\0',
    '\u00a0',
    '\u2028',
    '\ufeff',
    '\u200b',
    '\ud800',
    '\udc00',
    '\u{1F600}',
    '\u0131',
  ],
  ...[
    'select',
    'SELECT',
    'from',
    'with',
    'as',
    'union',
    'for update',
    'into',
    'table',
    'values',
    'only',
    'lateral',
    'apply',
  ],
  ...[
    ':a',
    ':1',
    ':',
    '::',
    '1',
    '1e',
    '1.',
    '.5',
    'e',
    'n',
    'q',
    'u',
    'x',
    'b',
    'a',
    'dual',
    'date',
    'over',
    'order by',
    `'${SECRET}'`,
  ],
  ...[
    'delete',
    'update',
    'insert into t',
    'drop table t',
    'begin',
    'commit',
    'set x = 1',
    'call p()',
    'explain',
    'grant',
  ],
];

/** One change: what stands from here on for so long becomes the piece, its own double, or what another statement has there. */
interface Change {
  readonly at: number;
  readonly length: number;
  readonly become: 'piece' | 'twice' | 'other' | 'upper';
  readonly piece: string;
}

function changed(text: string, { at, length, become, piece }: Change, other: string): string {
  const from = at % (text.length + 1);
  const cut = text.slice(from, from + length);
  const grown = { piece, twice: cut + cut, other: other.slice(from, from + 2 * length), upper: cut.toUpperCase() };
  return text.slice(0, from) + grown[become] + text.slice(from + (become === 'piece' && length > 8 ? 0 : length));
}

/** Statements of the dialect with some changes; none of them is very long. */
export function mutated(dialect: Dialect): fc.Arbitrary<string> {
  const statement = fc.constantFrom(...SHARED, ...OWN[dialect], ...OWN[dialect]);
  const change = fc.record({
    at: fc.nat(400),
    length: fc.nat(12),
    become: fc.constantFrom('piece' as const, 'piece' as const, 'twice' as const, 'other' as const, 'upper' as const),
    piece: fc.oneof(fc.constantFrom(...PIECES[dialect], ...COMMON), fc.string({ unit: 'binary', maxLength: 4 })),
  });
  return fc
    .tuple(statement, statement, fc.array(change, { maxLength: 6 }))
    .map(([text, other, changes]) => changes.reduce((done, each) => changed(done, each, other), text));
}

/** Pieces that begin and end tokens, in any order, as a statement and as they are. */
export function pieced(dialect: Dialect): fc.Arbitrary<string> {
  const piece = fc.constantFrom(...PIECES[dialect], ...COMMON);
  return fc
    .tuple(fc.constantFrom('', 'select ', 'select * from '), fc.array(piece, { maxLength: 30 }))
    .map(([start, pieces]) => start + pieces.join(''));
}

export function anyText(dialect: Dialect): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 6, arbitrary: mutated(dialect) },
    { weight: 3, arbitrary: pieced(dialect) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  );
}

/** What two tokens may be parted by without a difference, where they are parted at all. */
export const GAPS: readonly string[] = [' ', '  ', '\t', ' /* x */ ', '/**/ ', '\f'];

/** To be repeated many times. */
export function repeatable(dialect: Dialect): readonly string[] {
  const short = [...PIECES[dialect], ...COMMON].filter((piece) => piece.isWellFormed());
  const pairs = [
    "'a'\n",
    "'a' -- x\n",
    'a.',
    'a,',
    '(a',
    '(select ',
    'f(',
    'a[',
    '-- x\n',
    '/* x */',
    '1_000',
    '..',
    ', t',
    ' t x,',
  ];
  const joins = [
    ' join t on a = b',
    ' union select 1 from t',
    ', (select 1 from t) x',
    ' as x',
    " 'a' 'b'",
    ' case when a then b end',
    ' + f(:a)',
  ];
  return [...new Set([...short, ...pairs, ...joins])];
}
