/** What all commands over HTTP share: where the server is, who asks, and how a wait is shown. */
import { Parqueue } from '@parqueue/client';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { fillProgress } from '../output/fill-progress.ts';
import type { FillStatus } from '@parqueue/client';

export interface RemoteOptions {
  readonly url?: string;
  readonly key?: string;
  readonly json?: boolean;
}

export const DEFAULT_URL = 'http://127.0.0.1:8787';

/** Where somebody looks: a short first wait, for the progress bar starts with the first 202; and no silent retries. */
const INTERACTIVE_WAIT_SECONDS = 1;

/** @throws UsageError where the URL is not one. */
export function connect(context: Context, options: RemoteOptions): Parqueue {
  const url = options.url ?? context.env['PARQUEUE_URL'] ?? DEFAULT_URL;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`--url ${url} is not the URL of a server; write one such as ${DEFAULT_URL}`);
  return new Parqueue({
    url,
    apiKey: options.key ?? context.env['PARQUEUE_API_KEY'],
    ...(context.interactive ? { waitSeconds: INTERACTIVE_WAIT_SECONDS, retries: 1 } : {}),
  });
}

/** Runs an ask with a progress bar that is gone again before its result is written. */
export async function withProgress<T>(
  context: Context,
  label: string,
  ask: (onWait: (fill: FillStatus) => void) => Promise<T>,
): Promise<T> {
  const shown = fillProgress(context, label);
  try {
    return await ask(shown.onWait);
  } finally {
    shown.end();
  }
}
