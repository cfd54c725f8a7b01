/**
 * The Python client against a real stack: pytest starts test/python/main.ts and reads from it, as it does by
 * `npm run test:python`. Its types, lint and format are proved beside it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasPython, python, root } from './environment.ts';

/** It is a suite of its own, of half a minute: where everything takes many times as long, so does all of it. */
const SUITE = { timeout: 1_200_000 };
/** What a fresh machine may be without. Nothing else is skipped. */
const MISSING = /there is no (curl|openssl)\b/;

describe.skipIf(!hasPython)(
  'the Python client (skipped without Python 3.11 and PyPI: scripts/setup-python.mjs)',
  () => {
    test('reads what the sources have, and keeps its promises (pytest)', SUITE, async ({ signal }) => {
      const { code, said } = await runTool(['pytest', '-q', '-p', 'no:cacheprovider', '--color=no'], signal);
      const lines = said.trimEnd().split('\n');
      if (code !== 0) throw new Error(`pytest ended with ${code}:\n${lines.slice(-200).join('\n')}`);
      const skipped = lines.filter((line) => line.startsWith('SKIPPED'));
      console.log(`pytest: ${[lines.at(-1) ?? '', ...skipped].join('\n')}`);
      expect(skipped.filter((line) => !MISSING.test(line))).toEqual([]);
      expect(lines.at(-1)).toMatch(
        skipped.length === 0 ? /^[1-9][0-9]* passed in / : /^[1-9][0-9]* passed, [0-9]+ skipped in /,
      );
    });

    test.for([
      ['types', 'mypy', '--no-color-output'],
      ['lint', 'ruff', 'check'],
      ['format', 'ruff', 'format', '--check'],
    ])('has its %s in order', async ([, ...tool], { signal }) => {
      const { code, said } = await runTool(tool, signal);
      expect(code, said).toBe(0);
    });
  },
);

interface Ended {
  readonly code: number | null;
  /** Both streams. */
  readonly said: string;
}

/** A module of that Python, in the client's folder. It ends with the signal, so that no stack outlives its test. */
async function runTool(tool: readonly string[], signal: AbortSignal): Promise<Ended> {
  const child = spawn(python, ['-m', ...tool], {
    cwd: join(root, 'clients', 'python'),
    signal,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', NO_COLOR: '1' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('close', resolve).once('error', reject),
  );
  return { code, said };
}
