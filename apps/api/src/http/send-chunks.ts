/**
 * Sending a body that is made while it is sent. The next chunk is asked for when the last one was handed to the system;
 * a caller who takes no byte for minutes is let go; and what cannot be made to its end tears the connection down, for
 * chunked coding that ends in good order would say that it was whole.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Shells are paused and laptops sleep; but what a caller holds here is kept from others. */
export const TAKES_NOTHING_MS = 120_000;

export type ChunksSent =
  | { readonly kind: 'sent' }
  | { readonly kind: 'caller-left' }
  | { readonly kind: 'cut-off' }
  | { readonly kind: 'broken'; readonly error: unknown };

/** Writes to a response whose head was written, and ends it. Never throws. */
export async function sendChunks(
  response: ServerResponse,
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  options: { readonly takesNothingMs: number; readonly onTaken: (bytes: number) => void },
): Promise<ChunksSent> {
  const state = { writing: false, cutOff: false };
  const over = new AbortController();
  const closed = response.destroyed
    ? Promise.resolve()
    : once(response, 'close', { signal: over.signal }).then(
        () => undefined,
        () => undefined,
      );
  // Node's own timer of the socket: every byte that the other side takes sets it back.
  response.setTimeout(options.takesNothingMs, () => {
    if (!state.writing) return;
    state.cutOff = true;
    response.destroy();
  });
  try {
    for await (const chunk of chunks) {
      state.writing = true;
      const outcome = await Promise.race([write(response, chunk), closed.then(() => 'left' as const)]);
      state.writing = false;
      if (outcome === 'left') return { kind: state.cutOff ? 'cut-off' : 'caller-left' };
      options.onTaken(chunk.length);
    }
    response.end();
    return { kind: 'sent' };
  } catch (error) {
    response.destroy();
    return { kind: 'broken', error };
  } finally {
    over.abort();
    response.setTimeout(0);
  }
}

function write(response: ServerResponse, chunk: Uint8Array): Promise<'written' | 'left'> {
  return new Promise((resolve) => {
    response.write(chunk, (error) => resolve(error === null || error === undefined ? 'written' : 'left'));
  });
}
