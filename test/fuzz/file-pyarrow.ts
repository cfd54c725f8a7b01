/** One Python process that reads Arrow files for all cases, where the Python readers are set up. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasPython, python } from '../python/environment.ts';

const script = join(dirname(fileURLToPath(import.meta.url)), 'read-arrow.py');

let reader: { readonly child: ChildProcess; readonly lines: AsyncIterator<string>; readonly face: Interface } | null =
  null;

/** @returns `alike`, or what is not; null without Python. Calls are answered in their order. */
export async function readArrow(source: string, part: string): Promise<string | null> {
  if (!hasPython) return null;
  reader ??= start();
  reader.child.stdin?.write(`${JSON.stringify([source, part])}\n`);
  const { value, done } = await reader.lines.next();
  if (done !== true) return JSON.parse(value) as string;
  reader = null;
  return 'pyarrow died of it';
}

export function endReading(): void {
  reader?.face.close();
  reader?.child.kill();
  reader = null;
}

function start(): NonNullable<typeof reader> {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const face = createInterface({ input: child.stdout });
  return { child, face, lines: face[Symbol.asyncIterator]() };
}
