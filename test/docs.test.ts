/**
 * Documents say what is true: links lead somewhere, and names of files, codes, keys, scripts and commands that they
 * quote exist in the code. What a machine can check here, no reader has to.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPackageJson, REPOSITORY } from './fixtures/source-graph.ts';

const documents = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md'].filter((path) => existsSync(join(REPOSITORY, path))),
  ...markdownIn('docs'),
  ...markdownIn('examples'),
];

describe.each(documents)('%s', (document) => {
  const text = readFileSync(join(REPOSITORY, document), 'utf8');
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');

  test('links to files and headings that are there', () => {
    expect(linksOf(prose).filter((link) => !resolves(document, link))).toEqual([]);
  });

  test('quotes paths, error codes and scripts that exist', () => {
    const quoted = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? '');
    expect(quoted.filter((code) => !exists(code))).toEqual([]);
  });

  test('shows commands that exist', () => {
    const scripts = Object.keys(readPackageJson('package.json').scripts ?? {});
    const named = [...text.matchAll(/\bnpm run ([a-z][a-z:-]*)/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  });
});

describe('completeness', () => {
  test('the keyspace document names every key and channel, and no others', () => {
    const document = readFileSync(join(REPOSITORY, 'docs/redis-keyspace.md'), 'utf8');
    const code = readFileSync(join(REPOSITORY, 'packages/core/src/redis/keys.ts'), 'utf8');
    const inCode = [...code.matchAll(/named\('([a-z-]+)'\)|\$\{PREFIX\}:([a-z-]+)`/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    );
    expect(inCode.length).toBeGreaterThan(10);
    const inDocument = [...document.matchAll(/\{pq\}:([a-z-]+)/g)].map(([, name]) => name ?? '');
    expect(
      inCode.filter((name) => !inDocument.includes(name)),
      'undocumented',
    ).toEqual([]);
    expect(
      inDocument.filter((name) => !inCode.includes(name) && !QUEUES_OWN.test(name)),
      'not in the code',
    ).toEqual([]);
  });

  test('the keyspace document names every script', () => {
    const document = readFileSync(join(REPOSITORY, 'docs/redis-keyspace.md'), 'utf8');
    const scripts = readdirSync(join(REPOSITORY, 'packages/core/lua')).map((name) => name.replace(/\.lua$/, ''));
    expect(scripts.filter((name) => !document.includes(name))).toEqual([]);
  });

  test('the document of errors explains every code', () => {
    const document = readFileSync(join(REPOSITORY, 'docs/errors.md'), 'utf8');
    expect(errorCodes().filter((code) => !document.includes(code))).toEqual([]);
  });

  test('the list of decisions has all of them, numbered without gaps', () => {
    const decisions = readdirSync(join(REPOSITORY, 'docs/adr')).filter((name) => /^\d{4}-/.test(name));
    const index = readFileSync(join(REPOSITORY, 'docs/adr/README.md'), 'utf8');
    expect(decisions.filter((name) => !index.includes(`(${name})`))).toEqual([]);
    expect(decisions.map((name) => Number(name.slice(0, 4))).toSorted((a, b) => a - b)).toEqual(
      decisions.map((_, at) => at + 1),
    );
  });
});

/** BullMQ's own keys live under the same prefix and are named after the queues. */
const QUEUES_OWN = /^(probe|fill)-|^(maintenance|refresh)$/;

function markdownIn(folder: string): readonly string[] {
  if (!existsSync(join(REPOSITORY, folder))) return [];
  return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .toSorted();
}

/** Targets of inline links and images, those to the web left out. */
function linksOf(prose: string): readonly string[] {
  const inline = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
  const html = [...prose.matchAll(/(?:src|href|srcset)="([^"]+)"/g)].map(([, target]) => target ?? '');
  return [...inline, ...html].filter((target) => !/^[a-z]+:/.test(target));
}

function resolves(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : posix.join(posix.dirname(document), decodeURI(path));
  if (!existsSync(join(REPOSITORY, target))) return false;
  if (anchor === undefined || !target.endsWith('.md')) return true;
  return headingsOf(readFileSync(join(REPOSITORY, target), 'utf8')).includes(anchor);
}

/** Anchors as GitHub makes them: lower case, punctuation dropped, spaces to hyphens. */
function headingsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) =>
    (heading ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function exists(code: string): boolean {
  if (/^PQ_[A-Z_]+$/.test(code)) return errorCodes().includes(code);
  if (/^[a-z-]+\.lua$/.test(code)) return existsSync(join(REPOSITORY, 'packages/core/lua', code));
  if (/^(packages|apps|test|docs|scripts|examples|infra)\/[\w./-]*$/.test(code))
    return existsSync(join(REPOSITORY, code));
  if (/^(model|ports|redis|store|sources|parquet|config|testing)\/[\w./-]+$/.test(code)) {
    return ['', '.ts'].some((suffix) => existsSync(join(REPOSITORY, 'packages/core/src', `${code}${suffix}`)));
  }
  return true;
}

function errorCodes(): readonly string[] {
  const table = readFileSync(join(REPOSITORY, 'packages/core/src/model/errors.ts'), 'utf8');
  return [...table.matchAll(/^ {2}(PQ_[A-Z_]+): \{/gm)].map(([, code]) => code ?? '');
}
