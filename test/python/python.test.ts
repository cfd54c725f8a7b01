/**
 * The Python client against a real stack: pytest starts test/python/main.ts and reads from it what `npm run test:python`
 * does. Its types, lint and format are proved beside it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasPython, python, root } from './environment.ts';

describe.skipIf(!hasPython)(
  'the Python client (skipped without Python 3.11 and PyPI: scripts/setup-python.mjs)',
  () => {
    test('reads what the sources have, and keeps its promises (pytest)', async () => {
      const { code, said } = await toolOf('pytest', '-q', '-p', 'no:cacheprovider', '--color=no');
      const lines = said.trimEnd().split('\n');
      // One failure a line at the end of pytest's report; all of it only where something failed.
      if (code !== 0) throw new Error(`pytest ended with ${code}:\n${lines.slice(-200).join('\n')}`);
      console.log(`pytest: ${lines.at(-1) ?? ''}`);
      expect(lines.at(-1)).toMatch(/^[0-9]+ passed/);
    });

    test.each([
      ['types', ['mypy', '--no-color-output']],
      ['lint', ['ruff', 'check']],
      ['format', ['ruff', 'format', '--check']],
    ])('has its %s in order', async (_, [tool = '', ...args]) => {
      const { code, said } = await toolOf(tool, ...args);
      expect(code, said).toBe(0);
    });
  },
);

async function toolOf(tool: string, ...args: readonly string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(python, ['-m', tool, ...args], {
    cwd: join(root, 'clients', 'python'),
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
