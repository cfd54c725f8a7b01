import { describe, expect, it } from 'vitest';
import type { SqlSourceKind } from '../model/request.ts';
import { readName, readTableName } from './sql-names.ts';

describe('a name', () => {
  it.each<[SqlSourceKind, string, string | null]>([
    ['oracle', 'app', 'APP'],
    ['oracle', '"app"', 'app'],
    ['oracle', 'äpp', 'äPP'],
    ['oracle', '_app', null],
    ['oracle', '"a""b"', null],
    ['oracle', `"${'x'.repeat(129)}"`, null],
    ['postgres', 'Sales', 'sales'],
    ['postgres', '"Sales"', 'Sales'],
    ['postgres', '_Ä1$', '_Ä1$'],
    ['postgres', '"a""b"', 'a"b'],
    ['postgres', '"a"b"', null],
    ['postgres', 'a#', null],
    ['postgres', 'a b', null],
    ['postgres', '`a`', null],
    ['postgres', 'x'.repeat(63), 'x'.repeat(63)],
    ['postgres', 'x'.repeat(64), null],
    ['postgres', 'é'.repeat(32), null],
    ['mysql', 'Orders', 'Orders'],
    ['mysql', '2024_orders', '2024_orders'],
    ['mysql', '2024', null],
    ['mysql', '`2024`', '2024'],
    ['mysql', '`a``b c`', 'a`b c'],
    ['mysql', '"Orders"', null],
    ['mysql', 'a-b', null],
    ['mysql', '`a-b`', 'a-b'],
    ['postgres', '""', null],
    ['postgres', '', null],
    ['postgres', '"a\u0000"', null],
    ['mysql', '`\ud800`', null],
  ])('of %s, %j, is %j in the catalogue', (kind, text, name) => {
    expect(readName(text, kind)).toBe(name);
  });
});

describe('a table', () => {
  it.each<[SqlSourceKind, string, { schema: string | null; name: string } | null]>([
    ['oracle', 'hr . emp', { schema: 'HR', name: 'EMP' }],
    ['oracle', '"Odd".t', { schema: 'Odd', name: 'T' }],
    ['postgres', 'Sales', { schema: null, name: 'sales' }],
    ['postgres', 'Crm."Big.Table"', { schema: 'crm', name: 'Big.Table' }],
    ['postgres', '"a""."."b"', { schema: 'a".', name: 'b' }],
    ['postgres', 'a.b.c', null],
    ['postgres', '.b', null],
    ['mysql', 'Shop.Orders', { schema: 'Shop', name: 'Orders' }],
    ['mysql', '`my-shop`.`a``.b`', { schema: 'my-shop', name: 'a`.b' }],
    ['mysql', '"x".y', null],
  ])('of %s, %j, is %j', (kind, text, table) => {
    expect(readTableName(text, kind)).toEqual(table);
  });

  it('of any length is read in little time', () => {
    for (const text of ['"'.repeat(100_000), '""a'.repeat(50_000), '.'.repeat(100_000), ' '.repeat(100_000)])
      expect(readTableName(text, 'postgres')).toBeNull();
  });
});
