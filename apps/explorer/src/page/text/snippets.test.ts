import { describe, expect, it } from 'vitest';
import { LANGUAGES, snippet, type SnippetInput } from './snippets.ts';

const ASK: SnippetInput = {
  origin: 'http://127.0.0.1:8787',
  dataset: 'prices',
  params: { market: "o'hare & co" },
  withKey: false,
};

describe.each(LANGUAGES)('a snippet for %s', (language) => {
  it('names the dataset and its parameters', () => {
    expect(snippet(language, ASK)).toContain('prices');
    expect(snippet(language, ASK)).toMatch(/o(%27|\\'|'\\'')hare/);
  });

  it('never holds a key, and says where one goes only where one is wanted', () => {
    expect(snippet(language, ASK)).not.toMatch(/key|auth/i);
    expect(snippet(language, { ...ASK, withKey: true })).toMatch(/PARQUEUE_API_KEY|Bearer …/);
  });
});

it('a name that is no identifier is quoted', () => {
  expect(snippet('TypeScript', { ...ASK, params: { 'a-b': '1' } })).toContain("params: { 'a-b': '1' }");
});
