/**
 * The door for statements, whatever comes to it: a coded refusal or one query, the same after the normal form as before
 * it, in time that grows with the length of the text and no faster.
 */
import { isParqueueError } from '@parqueue/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalise } from '../../packages/core/src/sql/normalise.ts';
import { readStatement } from '../../packages/core/src/sql/read-statement.ts';
import { insertAfterReads, replacePlaceholders } from '../../packages/core/src/sql/rewrite.ts';
import type { Token } from '../../packages/core/src/sql/scan.ts';
import type { Statement } from '../../packages/core/src/sql/statement.ts';
import { tokenize } from '../../packages/core/src/sql/tokenize.ts';
import { claim, LONG, endsInTime, patience } from './fuzz.ts';
import { anyText, DIALECTS, GAPS, mutated, repeatable, SECRET } from './sql-texts.ts';

const LENGTH = 256 * 1024;
/** What goes on without an end: of these the short form tries each. */
const OPENING: readonly string[] = ['(', '/*', "'", '"', ', t', ':a '];

/** null: refused, with the one code there is for it. */
function orRefused<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!isParqueueError(error) || error.code !== 'PQ_INVALID_REQUEST') throw error;
    expect(error.message).not.toContain(SECRET);
    return null;
  }
}

/** What a token means, as far as two of them may be told apart: the case of words counts where it may. */
function meaning({ kind, text }: Token): string {
  if (kind === 'word' || kind === 'number' || kind === 'placeholder') return `${kind} ${text.toLowerCase()}`;
  if (kind === 'hint' && text.startsWith('--')) return `hint ${text.trimEnd()}`;
  const quote = kind === 'string' || kind === 'quoted' ? text.search(/['"`$]/) : 0;
  return `${kind} ${text.slice(0, quote).toLowerCase()}${text.slice(quote)}`;
}

describe.each(DIALECTS)('%s', (dialect) => {
  const values = anyText(dialect);
  const tokensOf = (sql: string): Token[] | null => orRefused(() => tokenize(sql, dialect));
  const read = (sql: string): Statement | null => orRefused(() => readStatement(sql, dialect));
  const withoutEnd = (tokens: readonly Token[]): readonly Token[] =>
    tokens.slice(0, tokens.findLastIndex(({ text }) => text !== ';') + 1);

  claim(
    'any text is cut into tokens with nothing but white space and comments between, or refused',
    { runs: 700, values },
    (sql) => {
      let from = 0;
      const tokens = tokensOf(sql);
      for (const { start, end, text } of tokens ?? []) {
        expect(sql.slice(start, end)).toBe(text);
        expect(tokenize(sql.slice(from, start), dialect)).toEqual([]);
        from = end;
      }
      if (tokens !== null) expect(tokenize(sql.slice(from), dialect)).toEqual([]);
    },
  );

  claim('the normal form has the same tokens, and is its own', { runs: 700, values }, (sql) => {
    const tokens = tokensOf(sql);
    if (tokens === null) return;
    const { text } = normalise(tokens, dialect);
    const again = tokenize(text, dialect);
    expect(again.map(meaning)).toEqual(withoutEnd(tokens).map(meaning));
    expect(normalise(again, dialect).text).toBe(text);
  });

  claim('what is let through is one query, and reads the same in its normal form', { runs: 700, values }, (sql) => {
    const statement = read(sql);
    if (statement === null) return;
    const tokens = tokenize(statement.text, dialect);
    expect(tokens.filter(({ kind, text }) => kind === 'operator' && text === ';')).toEqual([]);
    expect(tokens.find(({ kind, text }) => kind !== 'operator' || text !== '(')?.text.toUpperCase()).toMatch(
      /^(SELECT|WITH|VALUES|TABLE)$/,
    );
    expect(read(statement.text)).toEqual(statement);
  });

  claim(
    'white space and comments between tokens make no difference',
    { runs: 400, values: fc.tuple(mutated(dialect), fc.infiniteStream(fc.constantFrom(...GAPS))) },
    ([sql, gaps]) => {
      const tokens = tokensOf(sql);
      if (tokens === null) return;
      const spread = tokens.map(({ start, text }, i) => {
        const before = tokens[i - 1];
        if (before === undefined || before.end === start) return text;
        // A line hint reaches to the end of its line.
        const own = before.text.startsWith('--') ? sql.slice(before.end, start) : '';
        return `${own}${gaps.next().value}${text}`;
      });
      expect(normalise(tokenize(spread.join(''), dialect), dialect).text).toBe(normalise(tokens, dialect).text);
    },
  );

  claim('rewriting it changes what it is told to change', { runs: 400, values: mutated(dialect) }, (sql) => {
    const statement = read(sql);
    if (statement === null) return;
    const { text, placeholders } = statement;
    expect(replacePlaceholders(text, (name) => `:${name}`, dialect)).toBe(text);
    expect(insertAfterReads(statement, () => '')).toBe(text);
    const met: string[] = [];
    replacePlaceholders(text, (name) => (met.push(name), '?'), dialect);
    expect([...new Set(met)]).toEqual(placeholders);
    const marked = tokenize(
      insertAfterReads(statement, () => 'Zz_mark'),
      dialect,
    ).map((token) => token.text);
    expect(marked.filter((token) => token === 'Zz_mark').length).toBe(
      statement.reads.filter(({ fixesTime }) => !fixesTime).length,
    );
    expect(marked.filter((token) => token !== 'Zz_mark')).toEqual(tokenize(text, dialect).map((token) => token.text));
  });

  test.each(LONG ? repeatable(dialect) : OPENING)(
    '256 KiB of %j take no longer than is fit',
    (piece) => {
      const many = piece.repeat(Math.floor(LENGTH / piece.length));
      for (const start of LONG ? ['', 'select ', 'select 1 from t ', "select '"] : ['select 1 from t '])
        endsInTime(() => read(start + many));
    },
    patience(4),
  );
});
