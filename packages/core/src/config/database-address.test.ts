import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readDatabaseAddress, type AddressKind } from './database-address.ts';

const problemOf = (text: string, kind: AddressKind = 'postgres'): string | null => {
  const reading = readDatabaseAddress(text, kind);
  return reading.kind === 'unusable' ? reading.problem : null;
};

it.each<[string, string]>([
  ['postgresql://db:5432/sales', 'db:5432/sales'],
  ['postgres://DB/sales', 'db:5432/sales'],
  [' PostgreSQL://Db.Example.COM:05432/sales ', 'db.example.com:5432/sales'],
  ['postgresql://db/Sales', 'db:5432/Sales'],
  ['postgresql://db/sales?', 'db:5432/sales'],
  ['postgresql://db/s%61les', 'db:5432/sales'],
  ['postgresql://db/a%2Fb%40c%20%25', 'db:5432/a%2Fb%40c%20%25'],
  ['postgresql://db/münchen', 'db:5432/m%C3%BCnchen'],
  ['postgresql://db/m%C3%BCnchen', 'db:5432/m%C3%BCnchen'],
  ['postgresql://127.0.0.1:6543/s', '127.0.0.1:6543/s'],
  ['postgresql://127.1/s', '127.0.0.1:5432/s'],
  ['postgresql://[2001:DB8:0:0::1]:5433/s', '[2001:db8::1]:5433/s'],
  ['postgresql://db_1.internal/s', 'db_1.internal:5432/s'],
])('%j is one database: %s', (text, identity) => {
  expect(readDatabaseAddress(text, 'postgres')).toMatchObject({ kind: 'address', identity });
});

it('the parts of an address are what a driver takes', () => {
  expect(readDatabaseAddress('postgresql://[::1]/a%2Fb', 'postgres')).toEqual({
    kind: 'address',
    host: '::1',
    port: 5432,
    database: 'a/b',
    identity: '[::1]:5432/a%2Fb',
  });
  for (const scheme of ['mysql', 'mariadb'])
    expect(readDatabaseAddress(`${scheme}://Shop.example.com/Shop`, 'mysql')).toEqual({
      kind: 'address',
      host: 'shop.example.com',
      port: 3306,
      database: 'Shop',
      identity: 'shop.example.com:3306/Shop',
    });
});

it.each<[string, string]>([
  ['postgresql://app:s3cret@db/sales', 'has an @: user and password are keys of their own'],
  ['postgresql://s3cret@db/sales', 'has an @'],
  ['postgresql://app:s3/cret@db/sales', 'has an @'],
  ['postgresql://app:s3cret#@db/sales', 'has a #'],
  ['postgresql://db/sales?password=s3cret&sslmode=verify-full&x3cret=1', 'instead of sslmode write tls: off, require'],
  ['postgresql://db/sales?s3cret', 'has parameters behind a ?, of which none is known: leave them out'],
  ['postgresql:///sales', 'names no host: sockets of one machine are not offered'],
  ['postgresql://%2Fvar%2Frun%2Fpostgresql/sales', 'sockets of one machine'],
  ['postgresql://db1,db2/sales', 'names several hosts'],
  ['postgresql://db1:5432,db2:5433/sales', 'names several hosts'],
  ['postgresql://db', 'names no database; write postgresql://host:5432/database'],
  ['postgresql://db/', 'names no database'],
  ['postgresql://db:0/sales', 'has a port that is none'],
  ['postgresql://db:65536/sales', 'has a port that is none'],
  ['postgresql://db:x/sales', 'has a host or port that is none'],
  ['postgresql://2001:db8::1/sales', 'an IPv6 address in brackets'],
  ['postgresql://[2001::db8::1]/sales', 'has a host or port that is none'],
  ['postgresql://1.2.3.4.5/sales', 'has a host or port that is none'],
  ['postgresql://db/a/b', 'has a / in the name of the database; write %2F'],
  ['postgresql://db/%FF', 'has a % that begins no UTF-8 character'],
  ['postgresql://db/%00', 'has a % that begins no UTF-8 character'],
  ['postgresql://db/\uD800', 'has a % that begins no UTF-8 character'],
  [`postgresql://db/${'é'.repeat(32)}`, 'more than 63 bytes'],
  ['mysql://db/s3cret', 'is the address of another kind of database; write kind: mysql, or postgresql://'],
  ['jdbc:postgresql://db/s3cret', 'begins with jdbc:, which is for Java'],
  ['host=db dbname=s3cret', 'is no address of this kind of database; write postgresql://host:5432/database'],
  ['db:5432/s3cret', 'is no address'],
  ['', 'is no address'],
])('%j is no address, told why, and is not repeated', (text, reason) => {
  const problem = problemOf(text);
  expect(problem).toContain(reason);
  expect(problem).not.toMatch(/3cret/);
});

it('a parameter that is a secret by its very name is not repeated either', () => {
  expect(problemOf('mysql://db/shop?hunter2&ssl-mode=REQUIRED', 'mysql')).toBe(
    'has parameters behind a ?, of which none is known: leave them out; instead of ssl-mode write tls: off, require or verify',
  );
  expect(problemOf(`mysql://db/${'x'.repeat(65)}`, 'mysql')).toContain('more than 64 characters');
});

it('every name of a database has a spelling, and no two share an identity', () => {
  const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 15 }).filter((text) => !text.includes('\0'));
  const read = (text: string) => readDatabaseAddress(`postgresql://db/${encodeURIComponent(text)}`, 'postgres');
  fc.assert(
    fc.property(name, name, (a, b) => {
      const [one, other] = [read(a), read(b)];
      if (one.kind !== 'address' || other.kind !== 'address') throw new Error('no address');
      expect(one.database).toBe(a);
      expect(one.identity === other.identity).toBe(a === b);
    }),
  );
});

it('no secret is ever repeated, wherever in a URI it was written', () => {
  const secret = fc
    .string({ unit: 'grapheme', minLength: 8, maxLength: 20 })
    .filter((text) => /[^a-z :/%.]/i.test(text));
  const places: readonly ((text: string) => string)[] = [
    (text) => `postgresql://app:${text}@db/sales`,
    (text) => `postgresql://${text}@db/sales`,
    (text) => `postgresql://app:${encodeURIComponent(text)}@db/sales`,
    (text) => `postgresql://db/sales?password=${text}`,
    (text) => `postgresql://db/sales?${text}`,
    (text) => `postgresql://db/sales#${text}`,
    (text) => `${text}@db`,
    (text) => `${text}://db/sales`,
  ];
  fc.assert(
    fc.property(secret, fc.constantFrom(...places), (text, place) => {
      const problem = problemOf(place(text));
      expect(problem).not.toBeNull();
      expect(problem).not.toContain(text);
    }),
  );
});
