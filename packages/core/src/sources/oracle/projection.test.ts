/** The statement around the caller's. */
import { describe, expect, it } from 'vitest';
import type { Projection } from '../sql/projection.ts';
import { projected } from './projection.ts';

const upper = (reference: string): string => `F(${reference})`;
const all = (described: readonly string[], expressions: Record<number, typeof upper> = {}): Projection => ({
  described,
  wanted: described.map((_, position) => ({ position, expression: expressions[position] ?? null })),
  only: null,
});

describe('the statement', () => {
  it('stays as it is where all columns are wanted as they are, whatever they are called', () => {
    expect(projected('SELECT * FROM T', all(['ID', 'ID', 'a.b']))).toBe('SELECT * FROM T');
  });

  it('becomes an inline view whose columns keep their names', () => {
    expect(projected('SELECT * FROM T', all(['ID', 'At'], { 1: upper }))).toBe(
      'SELECT "ID",F("At") "At" FROM (SELECT * FROM T)',
    );
    expect(projected('SELECT * FROM T', { ...all(['A', 'B', 'C']), wanted: [{ position: 2, expression: null }] })).toBe(
      'SELECT "C" FROM (SELECT * FROM T)',
    );
  });

  it.each([
    ['repeated names', ['ID', 'ID']],
    ['names that the driver may have told apart', ['ID', 'ID_1']],
    ['a name of an expression', ['COUNT(*)', 'ID']],
    ['a name with a quote', ['"quoted"', 'ID']],
    ['a name with a point', ['a.b', 'ID']],
    ['a pseudo column', ['ROWID', 'ID']],
  ])('names its columns anew for %s', (_, described) => {
    expect(projected('WITH X AS (SELECT 1 FROM DUAL) SELECT * FROM X', all(described, { 1: upper }))).toBe(
      'WITH PARQUEUE_ROWS(C1,C2) AS (WITH X AS (SELECT 1 FROM DUAL) SELECT * FROM X) '
        + 'SELECT C1,F(C2) C2 FROM PARQUEUE_ROWS',
    );
  });

  it('keeps some rows only, by a column that need not be wanted', () => {
    const only = { position: 1, condition: (reference: string) => `MOD(${reference},2)=0` };
    expect(projected('SELECT * FROM T', { ...all(['A', 'B']), only })).toBe(
      'SELECT "A","B" FROM (SELECT * FROM T) WHERE MOD("B",2)=0',
    );
    const repeated: Projection = { ...all(['A', 'A']), wanted: [{ position: 0, expression: null }], only };
    expect(projected('SELECT * FROM T', repeated)).toBe(
      'WITH PARQUEUE_ROWS(C1,C2) AS (SELECT * FROM T) SELECT C1 FROM PARQUEUE_ROWS WHERE MOD(C2,2)=0',
    );
  });
});
