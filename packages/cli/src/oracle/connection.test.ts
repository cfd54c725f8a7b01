import { expect, test } from 'vitest';
import { parseConnection, spellConnection } from './connection.ts';

test('a connection has user, password and place, and a password may hold what separates them', () => {
  const text = 'app/p@ss/w@rd@db.example.com:1521/sales';
  const connection = { user: 'app', password: 'p@ss/w@rd', connectString: 'db.example.com:1521/sales' };
  expect(parseConnection(text)).toEqual(connection);
  expect(spellConnection(connection)).toBe(text);
});

test('what is no connection is refused without being repeated', () => {
  for (const text of ['', 'app', 'app/secret', '/secret@db/x', 'app/@db/x', 'app/secret@'])
    expect(() => parseConnection(text)).toThrow('a connection is written USER/PASSWORD@HOST:PORT/SERVICE');
});
