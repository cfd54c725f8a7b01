import { describe, expect, it } from 'vitest';
import { labelOf } from './label.ts';
import { replacePlaceholders } from './rewrite.ts';

describe('replacing placeholders', () => {
  it('leaves literals, quoted names and hints alone', () => {
    const text = `SELECT /*+ :A */ ':A', ":A", q'[:A]', :A, :AB FROM T WHERE X = :A`;
    expect(replacePlaceholders(text, (name) => `F(:${name})`)).toBe(
      `SELECT /*+ :A */ ':A', ":A", q'[:A]', F(:A), F(:AB) FROM T WHERE X = F(:A)`,
    );
  });

  it('takes replacements literally', () => {
    expect(replacePlaceholders('SELECT :A FROM T', () => '$&')).toBe('SELECT $& FROM T');
  });
});

describe('labels', () => {
  it.each([
    [{ schema: null, name: 'T' }, 'APP.T'],
    [{ schema: 'HR', name: 'T$1#' }, 'HR.T$1#'],
    [{ schema: 'a.b', name: 'c' }, '"a.b"."c"'],
    [{ schema: 'A', name: 'B.C' }, 'A."B.C"'],
    [{ schema: null, name: 'x/y z' }, 'APP."x/y z"'],
    [{ schema: null, name: '1T' }, 'APP."1T"'],
    [{ schema: null, name: 'GRÖSSE' }, 'APP."GRÖSSE"'],
  ])('of %j is %s', (reference, label) => {
    expect(labelOf(reference, 'APP')).toBe(label);
  });

  it('never meet: no quoted part can end another', () => {
    expect(labelOf({ schema: 'A', name: 'B' }, 'X')).not.toBe(labelOf({ schema: null, name: 'A.B' }, 'X'));
  });
});
