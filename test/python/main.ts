/**
 * The stage for the Python suite, as a process that pytest starts and talks to by lines of JSON: on the first line it
 * says where everything is; then a deed in, `{"done": true}` or `{"error": …}` out. It ends with its input.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeTelling } from '../fixtures/telling-parquet.ts';
import { KEYS, PythonStage } from './stage.ts';

interface Deed {
  readonly do: 'write' | 'large' | 'oracle' | 'postgres';
  readonly path?: string;
  readonly text?: string;
  readonly generation?: number;
  readonly rows?: number;
  readonly statements?: readonly string[];
}

const tell = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function act(python: PythonStage, deed: Deed): Promise<void> {
  const { path = '', text = '', statements = [], generation = 1, rows = 60_000 } = deed;
  switch (deed.do) {
    case 'write':
      return await python.stage.writeSource(path, text);
    case 'large':
      return await writeTelling(join(python.stage.base, 'lake', path), { generation, rows, rowGroupRows: rows / 4 });
    case 'oracle':
      return await python.oracle(statements);
    case 'postgres':
      return await python.postgres(statements);
  }
}

const python = await PythonStage.open();
const { stage } = python;
try {
  tell({ url: stage.url, store: stage.config.store.root, lake: join(stage.base, 'lake'), keys: KEYS });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      await act(python, JSON.parse(line) as Deed);
      tell({ done: true });
    } catch (error) {
      tell({ error: String(error) });
    }
  }
} finally {
  await python[Symbol.asyncDispose]();
}
