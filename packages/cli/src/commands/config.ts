/** `parqueue config check|show`: what the file says, as it was understood, without secrets. */
import { isParqueueError } from '@parqueue/core';
import { redactConfig } from '@parqueue/core/config';
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

export function configShow(context: Context, options: ConfigOptions & { readonly json?: boolean }): void {
  const shown = redactConfig(readConfig(context, options).config);
  context.out(options.json === true ? JSON.stringify(shown) : stringify(shown).trimEnd());
}

function problemsOf(details: Readonly<Record<string, unknown>>): readonly Problem[] | null {
  return Array.isArray(details['problems']) ? (details['problems'] as readonly Problem[]) : null;
}
