/** Apache Arrow, loaded when the first table or row is asked for. */
import type * as Arrow from 'apache-arrow';
import { clientError } from '../problem.ts';

export type ArrowModule = typeof Arrow;

let loading: Promise<ArrowModule> | null = null;

/** @throws ParqueueHttpError MISSING_PACKAGE */
export async function loadArrow(): Promise<ArrowModule> {
  loading ??= import('apache-arrow');
  try {
    return await loading;
  } catch (cause) {
    loading = null;
    throw clientError(
      'MISSING_PACKAGE',
      'tables and rows need the package apache-arrow, which is not installed here: npm install apache-arrow',
      { cause },
    );
  }
}

/** Every IPC stream ends so: https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format */
export function isArrowEnd(tail: Uint8Array): boolean {
  const [a, b, c, d, ...length] = tail;
  return tail.byteLength === 8 && [a, b, c, d].every((byte) => byte === 0xff) && length.every((byte) => byte === 0);
}
