/** One process of the Python readers of this suite. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { python, root } from '../python/environment.ts';

export interface PythonRead {
  readonly generations?: readonly number[];
  readonly rows?: number;
  readonly error?: string;
}

export interface PythonReading {
  readonly reader: string;
  readonly url: string;
  readonly columns: readonly string[];
  readonly times: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Reads in a process of its own; `onRead` hears of each read as it ends. @returns all of them */
export async function readWithPython(
  reading: PythonReading,
  onRead: (read: PythonRead) => void = () => undefined,
): Promise<readonly PythonRead[]> {
  const script = join(root, 'test', 'readers', 'read.py');
  const child = spawn(python, [script, JSON.stringify({ headers: {}, ...reading })], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' },
  });
  const reads: PythonRead[] = [];
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const exited = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  for await (const line of createInterface({ input: child.stdout })) {
    const read = JSON.parse(line) as PythonRead;
    reads.push(read);
    onRead(read);
  }
  const code = await exited;
  if (code !== 0) throw new Error(`${reading.reader} ended with ${code}: ${complaints.slice(-2000)}`);
  return reads;
}
