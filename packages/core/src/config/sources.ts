/** From the shape of a source to a source that can be asked: what takes more than one value to judge. */
import { resolve } from 'node:path';
import { STRICT } from '../model/freshness.ts';
import type { FileSourceConfig, SourceConfig } from './config.ts';
import type { FileSourceInput, SourceInput } from './schema-sources.ts';
import { adhocContext, type SourceContext } from './source-context.ts';
import { mysqlSource, oracleSource, postgresSource } from './sql-sources.ts';
import { readFreshness } from './versioning.ts';

/** The result is of use only when there were no problems. */
export function buildSource(name: string, input: SourceInput, context: SourceContext): SourceConfig {
  switch (input.kind) {
    case 'file':
      return fileSource(name, input, context);
    case 'oracle':
      return oracleSource(name, input, context);
    case 'postgres':
      return postgresSource(name, input, context);
    case 'mysql':
      return mysqlSource(name, input, context);
  }
}

function fileSource(name: string, input: FileSourceInput, context: SourceContext): FileSourceConfig {
  const { adhoc } = input;
  const freshness = typeof adhoc === 'object' ? readFreshness(adhoc, 'file', adhocContext(context, null)) : null;
  return {
    name,
    kind: 'file',
    root: resolve(context.folder, input.root),
    maxConcurrentFills: input.maxConcurrentFills,
    maxConcurrentProbes: input.maxConcurrentProbes,
    adhoc: freshness?.policy ?? (adhoc === true ? STRICT : null),
  };
}
