/**
 * How far a transfer is, on the terminal: a bar where its length is known, the bytes so far where it is not. Gone again
 * before anything else is written; nothing at all where nobody looks, or where the rows themselves are looked at.
 */
import progress from 'cli-progress';
import type { Context } from '../context.ts';
import { spellBytes } from './units.ts';

export interface TransferProgress extends Disposable {
  readonly onBytes: (bytes: number) => void;
}

const NOTHING: TransferProgress = { onBytes: () => undefined, [Symbol.dispose]: () => undefined };

export function transferProgress(
  context: Context,
  label: string,
  { bytesTotal, toTerminal }: { readonly bytesTotal: number | null; readonly toTerminal: boolean },
): TransferProgress {
  if (!context.interactive || toTerminal) return NOTHING;
  const bar = new progress.SingleBar({
    format: bytesTotal === null ? `${label} {size}` : `${label} {bar} {size}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  // A bar of an unknown length stays at its beginning: one that was complete would take itself away.
  bar.start(bytesTotal ?? Number.MAX_SAFE_INTEGER, 0, { size: spellBytes(0) });
  return {
    onBytes: (bytes) => bar.update(bytes, { size: spellBytes(bytes) }),
    [Symbol.dispose]: () => bar.stop(),
  };
}
