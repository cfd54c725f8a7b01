/**
 * A process for one way of writing: it has the rows, and writes the file again each time it is told to. Processes of their own because
 * libraries fix their number of threads when they are loaded.
 */
import { open, stat } from 'node:fs/promises';
import { makeRows } from './rows.ts';
import { WAYS, type WayName } from './ways.ts';

export type ToWay = 'write' | 'end';
export type FromWay =
  | { readonly kind: 'ready' }
  | { readonly kind: 'written'; readonly bytes: number; readonly seconds: number };

const [name = '', rowsText = '', path = ''] = process.argv.slice(2);
const rows = makeRows(Number(rowsText));
const way = await WAYS[name as WayName]();

function tell(message: FromWay): void {
  process.send?.(message);
}

process.on('message', (message: ToWay) => {
  if (message === 'end') process.exit(0);
  void write();
});
process.on('disconnect', () => process.exit(0));
tell({ kind: 'ready' });

async function write(): Promise<void> {
  // What the last file left behind is not collected at the cost of the next.
  globalThis.gc?.();
  const beganMs = performance.now();
  await way(rows, path);
  const handle = await open(path, 'r');
  await handle.sync();
  await handle.close();
  const seconds = (performance.now() - beganMs) / 1000;
  tell({ kind: 'written', bytes: (await stat(path)).size, seconds });
}
