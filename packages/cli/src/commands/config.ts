/** `parqueue config check|show`: what the file says, as it was understood, without secrets. */
import { isParqueueError } from '@parqueue/core';
import { shownConfig } from '@parqueue/core/config';
import { stringify } from 'yaml';
import { readConfig, type ConfigOptions } from '../config-file.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';

interface Problem {
  readonly path: string;
  readonly message: string;
}

/** All problems at once, one line each; exit 1 where there are any. */
export function configCheck(context: Context, options: ConfigOptions & { readonly json?: boolean }): ExitCode {
  try {
    const { config, path } = readConfig(context, options);
    const counts = { sources: Object.keys(config.sources).length, datasets: Object.keys(config.datasets).length };
    if (options.json === true) context.out(JSON.stringify({ ok: true, path, ...counts }));
    else context.out(`${path}: ok (sources: ${counts.sources}, datasets: ${counts.datasets})`);
    return EXIT.ok;
  } catch (error) {
    const problems = isParqueueError(error) ? problemsOf(error.details) : null;
    if (problems === null || options.json !== true) throw error;
    context.out(JSON.stringify({ ok: false, problems }));
    return EXIT.failed;
  }
}

/** In the file's own words. What the command line and the environment decide besides it stands above, as comments. */
export function configShow(context: Context, options: ConfigOptions & { readonly json?: boolean }): void {
  const { path, text, config, dataDirectory, redisFrom } = readConfig(context, options);
  const shown = shownConfig(text);
  if (options.json === true) {
    context.out(JSON.stringify(shown));
    return;
  }
  context.out(`# ${path}, with defaults. \${…} is where a value comes from; it is not shown, and neither are secrets.`);
  if (!hasReference(shown, ['store', 'root'])) context.out(`# The store is ${config.store.root}.`);
  context.out(`# Redis: ${REDIS_FROM[redisFrom]}${redisFrom === 'embedded' ? ` (data in ${dataDirectory})` : ''}.`);
  context.out(stringify(shown).trimEnd());
}

const REDIS_FROM = {
  file: 'redis.url of the file',
  PARQUEUE_REDIS_URL: 'PARQUEUE_REDIS_URL of the environment',
  REDIS_URL: 'REDIS_URL of the environment',
  embedded: 'one that `parqueue up` brings along',
} as const;

function hasReference(shown: unknown, path: readonly string[]): boolean {
  const value = path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null ? (at as Readonly<Record<string, unknown>>)[name] : undefined),
    shown,
  );
  return typeof value === 'string' && value.includes('${');
}

function problemsOf(details: Readonly<Record<string, unknown>>): readonly Problem[] | null {
  return Array.isArray(details['problems']) ? (details['problems'] as readonly Problem[]) : null;
}
