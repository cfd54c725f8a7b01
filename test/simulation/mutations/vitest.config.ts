/**
 * Test suites over one mutation, in a run of their own that has to fail. PARQUEUE_MUTATION names the mutation,
 * PARQUEUE_MUTATION_OF says whether its edits of the program or its twin in Lua are meant, PARQUEUE_MUTATION_TESTS the
 * files. Everything is edited as it is read; the tree stays as it is.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';
import { applyEdits, byFile } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';

const REPOSITORY = join(import.meta.dirname, '../../..');
const SCRIPTS = 'packages/core/src/redis/scripts.ts';
const READ = "readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8')";

const wanted = process.env['PARQUEUE_MUTATION'];
const mutation = MUTATIONS.find(({ name }) => name === wanted);
const edits = process.env['PARQUEUE_MUTATION_OF'] === 'twin' ? mutation?.twin : mutation?.edits;
if (edits === undefined) throw new Error(`no mutation is called ${wanted}, or it has no twin in Lua`);

const files = [...byFile(edits)];
const scripts = Object.fromEntries(
  files.flatMap(([file, its]) => {
    const name = /([a-z-]+)\.lua$/.exec(file)?.[1];
    return name === undefined ? [] : [[name, applyEdits(read(file), its)]];
  }),
);
const sources = new Map(files.filter(([file]) => !file.endsWith('.lua')));
if (Object.keys(scripts).length > 0) {
  const replacement = `((${JSON.stringify(scripts)} as Record<string, string>)[name] ?? ${READ})`;
  sources.set(SCRIPTS, [{ file: SCRIPTS, text: READ, replacement }]);
}

function read(file: string): string {
  return readFileSync(join(REPOSITORY, file), 'utf8');
}

const mutating: Plugin = {
  name: 'mutating',
  enforce: 'pre',
  load: (id) => {
    const file = id.slice(REPOSITORY.length + 1);
    const its = sources.get(file);
    return its === undefined ? null : applyEdits(read(file), its);
  },
};

const fromSources = { conditions: ['source'] };

export default defineConfig({
  root: REPOSITORY,
  plugins: [mutating],
  resolve: fromSources,
  ssr: { resolve: fromSources },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    bail: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    include: process.env['PARQUEUE_MUTATION_TESTS']?.split(',') ?? [],
    globalSetup: ['test/fixtures/global-setup.ts'],
  },
});
