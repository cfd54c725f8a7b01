/** Ordinary test suites over a mutation: what no schedule shows is shown by them, and so is the same defect in Lua. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY } from '../../fixtures/source-graph.ts';

/** Random command sequences on the memory ports and on a real Redis. */
export const DIFFERENTIAL = ['packages/core/src/redis/*differential.test.ts'];

/** What a property prints whose two sides answered differently. */
const TOLD_APART = 'Counterexample:';
/** A mutant that cannot even be loaded proves nothing, nor does a machine that is too slow. */
const BROKEN = /user_script|ERR Error|Transform failed|Parse failure|SyntaxError|wants to replace, once|timed out in/;

export interface Suites {
  readonly mutation: string;
  readonly of: 'program' | 'twin';
  readonly tests: readonly string[];
}

/** @returns whether the suites fail */
export async function isNoticed({ mutation, of, tests }: Suites): Promise<boolean> {
  const vitest = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--config', 'test/simulation/mutations/vitest.config.ts'], {
    cwd: REPOSITORY,
    env: {
      ...process.env,
      PARQUEUE_MUTATION: mutation,
      PARQUEUE_MUTATION_OF: of,
      PARQUEUE_MUTATION_TESTS: tests.join(','),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const text = Buffer.concat(output).toString();
  if (BROKEN.test(text)) throw new Error(`the mutant does not run:\n${text.slice(-4000)}`);
  if (code === 0) return false;
  const fair = of === 'twin' ? text.includes(TOLD_APART) : /Tests .*\d+ failed/.test(text);
  if (!fair) throw new Error(`the suites failed for another reason:\n${text.slice(-4000)}`);
  return true;
}
