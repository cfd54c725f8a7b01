/** `parqueue key new`: an API key for a caller, and the line of the configuration that knows it by its hash. */
import { createHash, randomBytes } from 'node:crypto';
import type { ParqueueError } from '@parqueue/core';
import { loadConfig, parseDuration } from '@parqueue/core/config';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';

/** 256 bits: a key is guessed by nobody, so its plain SHA-256 needs no salt and no slow hash. */
const KEY_BYTES = 32;

export interface KeyOptions {
  readonly name: string;
  /** Lists, separated by commas. */
  readonly scopes: string;
  readonly datasets: string;
  readonly expires?: string;
  readonly json?: boolean;
}

/**
 * Prints the key once; only its hash is ever configured.
 * @throws UsageError where the configuration would refuse it, or the key would be refused from the beginning
 */
export function keyNew(context: Context, { name, scopes, datasets, expires, json }: KeyOptions): void {
  const key = `pq_${randomBytes(KEY_BYTES).toString('base64url')}`;
  const entry = {
    name,
    sha256: createHash('sha256').update(key).digest('hex'),
    scopes: listOf(scopes),
    datasets: listOf(datasets),
    ...(expires === undefined ? {} : { expires: endOf(expires, context) }),
  };
  requireSound(entry);
  if (expires !== undefined && Date.parse(entry.expires ?? '') <= context.clock.now())
    throw new UsageError(`--expires ${expires} is over: nobody could use the key`);
  if (json === true) {
    context.out(JSON.stringify({ key, ...entry }));
    return;
  }
  context.out(`key for the caller (shown once; PARQUEUE_API_KEY or --key):\n  ${key}`);
  // JSON is YAML, and quotes whatever needs it.
  context.out(`for auth.apiKeys in the configuration:\n  - ${JSON.stringify(entry)}`);
}

function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function endOf(expires: string, { clock }: Context): string {
  const ms = parseDuration(expires);
  if (ms === null) return expires;
  return new Date(clock.now() + ms).toISOString().replace(/\.[0-9]+Z$/, 'Z');
}

/** What is printed is taken by every server that reads it. */
function requireSound(entry: object): void {
  try {
    loadConfig(JSON.stringify({ auth: { apiKeys: [entry] } }), { path: '/key', env: {}, readFile: () => '' });
  } catch (error) {
    const problems = (error as ParqueueError).details['problems'] as readonly { path: string; message: string }[];
    const told = problems.map(({ path, message }) => `${path.replace(/^auth\.apiKeys\[0\]\.?/, '--')} ${message}`);
    throw new UsageError(told.join('; '), { cause: error });
  }
}
