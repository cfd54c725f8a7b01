/**
 * The server as a process: DuckDB behind the wire, one line on stdout when it is ready, until a signal or, with
 * --with-stdin, until its stdin ends, so that it cannot outlive whoever started it.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openDuckDbEngine } from './engines/duckdb.ts';
import { startOracleServer } from './server.ts';

const USAGE = `usage: oracle-server --user NAME/PASSWORD [--user …] [options]
  --port N          default: any free one
  --host ADDRESS    default: 127.0.0.1
  --service NAME    default: PARQ
  --script FILE     statements, run and committed as the first user before anyone may connect
  --verifier KIND   11g or 12c, default: 12c
  --sdu BYTES       largest packet
  --with-stdin      end when stdin ends`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      user: { type: 'string', multiple: true },
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      service: { type: 'string', default: 'PARQ' },
      script: { type: 'string' },
      verifier: { type: 'string', default: '12c' },
      sdu: { type: 'string' },
      'with-stdin': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const users = (values.user ?? []).map(parseUser);
  const first = users[0];
  if (values.help || first === undefined) throw new UsageError();
  const { verifier } = values;
  if (verifier !== '11g' && verifier !== '12c') throw new UsageError();

  await using engine = disposable(await openDuckDbEngine());
  if (values.script !== undefined)
    await engine.value.script(await readFile(values.script, 'utf8'), first[0].toUpperCase());
  await using server = await startOracleServer({
    engine: engine.value,
    users: Object.fromEntries(users),
    service: values.service,
    host: values.host,
    port: wholeNumber(values.port),
    verifier,
    ...(values.sdu === undefined ? {} : { sdu: wholeNumber(values.sdu) }),
  });
  const ended = endOf(values['with-stdin']);
  process.stdout.write(`oracle-server ready on ${server.connectString}\n`);
  await ended;
}

class UsageError extends Error {}

/** The password may contain slashes, the name may not. */
function parseUser(text: string): readonly [string, string] {
  const slash = text.indexOf('/');
  if (slash < 1 || slash === text.length - 1) throw new UsageError();
  return [text.slice(0, slash), text.slice(slash + 1)];
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError();
  return Number(text);
}

async function endOf(withStdin: boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    if (withStdin)
      process.stdin
        .once('end', () => resolve())
        .once('close', () => resolve())
        .resume();
  });
  process.stdin.destroy();
}

function disposable<T extends { close(): Promise<void> }>(value: T): AsyncDisposable & { readonly value: T } {
  return { value, [Symbol.asyncDispose]: () => value.close() };
}

try {
  await main();
} catch (error) {
  const code = String((error as { readonly code?: unknown }).code);
  const wrongUse = error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(
    `${wrongUse ? USAGE : `oracle-server: ${error instanceof Error ? error.message : String(error)}`}\n`,
  );
  process.exitCode = wrongUse ? 2 : 1;
}
