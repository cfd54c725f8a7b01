import { describe, expect, it } from 'vitest';
import { References } from './references.ts';

const references = (text: string, env: Record<string, string> = {}, files: Record<string, string> = {}): References =>
  new References(text, {
    env,
    readFile: (path) => {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
      return content;
    },
  });

const resolve = (text: string, env?: Record<string, string>, files?: Record<string, string>) => {
  const taken = references(text, env, files);
  return taken.resolve(taken.yaml);
};

describe('references', () => {
  it('leave line and column of everything after them as they were', () => {
    const text = 'a: { b: ${LONG_NAME}, c: ${X} } # ${}\nd: ${file:/run/x}e';
    const { yaml } = references(text);
    expect(yaml).toHaveLength(text.length);
    expect(yaml.split('\n').map((line) => line.length)).toEqual(text.split('\n').map((line) => line.length));
    expect(yaml).not.toMatch(/[${]{2}/);
    expect(references(text).spelled(yaml)).toBe(text);
  });

  it('become the value of the variable, anywhere in a text and any number of times', () => {
    expect(resolve('x-${A}-${B}${A}', { A: '1', B: '' }).text).toBe('x-1-1');
  });

  it('fall back to a default for what is unset or empty', () => {
    expect(resolve('${A:-one}${B:-}${C:-x:-y}', { A: '', C: 'set' }).text).toBe('oneset');
  });

  it('are taken literally after a second $', () => {
    expect(resolve('$${A} and $A and ${A}', { A: '1' })).toEqual({
      text: '${A} and $A and 1',
      problems: [],
      hasReference: true,
    });
  });

  it('read files without their last line break', () => {
    expect(resolve('${file:/run/secret}', {}, { '/run/secret': 'two\nlines\n' }).text).toBe('two\nlines');
  });

  it('never become part of the YAML', () => {
    const taken = references('a: ${A}', { A: '1\nb: 2' });
    expect(taken.yaml).not.toContain('b:');
    expect(taken.resolve(taken.yaml).text).toBe('a: 1\nb: 2');
  });

  it('without a value tell what to do, and no inherited name is one', () => {
    expect(resolve('${NOPE}${toString}').problems).toEqual([
      'environment variable NOPE is not set; set it, or write ${NOPE:-default}',
      'environment variable toString is not set; set it, or write ${toString:-default}',
    ]);
    expect(resolve('${file:/nope}').problems[0]).toMatch(/^the file \/nope cannot be read \(ENOENT\)/);
    expect(resolve('${file:nope}').problems[0]).toMatch(/needs an absolute path/);
    expect(resolve('${a b}').problems[0]).toMatch(/is not a reference/);
  });

  it('keep the comma of a decimal type inside a flow mapping', () => {
    const taken = references('{ a: decimal(18,2), b: NUMERIC(5, 0), c: (1,2) }');
    expect(taken.yaml.split(',')).toHaveLength(4);
    expect(taken.resolve(taken.yaml).text).toBe('{ a: decimal(18,2), b: NUMERIC(5, 0), c: (1,2) }');
  });

  it('refuse the characters they use for themselves', () => {
    expect(() => references('a: \uE000')).toThrow(RangeError);
  });
});
