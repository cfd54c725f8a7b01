/**
 * The command tree: names, options, help. What a command does is in commands/, loaded when it runs, so that
 * `parqueue --help` does not load a database driver.
 */
import { Command, CommanderError, Option } from 'commander';
import { CONFIG_FILE, examples, portNumber, wholeNumber } from './arguments.ts';
import type { Context } from './context.ts';
import { EXIT, explainError, type ExitCode } from './exit.ts';
import { addDataCommands } from './program-data.ts';
import { addStoreCommands } from './program-store.ts';
import { addToolCommands } from './program-tools.ts';

/** Runs one command line. Never throws for what a user can cause; says it in one line instead. */
export async function runProgram(argv: readonly string[], context: Context): Promise<ExitCode> {
  const outcome: { exit: ExitCode } = { exit: EXIT.ok };
  const program = buildProgram(context, (exit) => {
    outcome.exit = exit;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(context, error, argv.includes('--json'));
  }
}

function report(context: Context, error: unknown, json: boolean): ExitCode {
  const { exit, code, message } = explainError(error);
  context.err(json ? JSON.stringify({ error: { code, message } }) : `parqueue: ${code}: ${message}`);
  if ((context.env['PARQUEUE_DEBUG'] ?? '') !== '' && error instanceof Error) context.err(error.stack ?? '');
  return exit;
}

function buildProgram(context: Context, exitWith: (exit: ExitCode) => void): Command {
  const program = new Command('parqueue');
  program
    .description('Answers slow questions from Parquet files that still tell the truth.')
    .version(context.version, '-V, --version', 'the release')
    .helpOption('-h, --help', 'this help')
    .helpCommand('help [command]', 'the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out(text.trimEnd()),
      writeErr: (text) => context.err(text.trimEnd()),
    })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 unavailable (try again later). PARQUEUE_DEBUG=1 adds stacks to errors.

First steps:
  $ parqueue init && parqueue generate data/orders.parquet && parqueue up
  $ parqueue get orders -o orders.parquet`,
    );
  program.commandsGroup('Serve:');
  addServerCommands(program, context);
  program.commandsGroup('Ask and steer, over HTTP:');
  addDataCommands(program, context);
  program.commandsGroup('Operate, on the store and Redis themselves:');
  addStoreCommands(program, context, exitWith);
  addToolCommands(program, context, exitWith);
  return program;
}

function addServerCommands(program: Command, context: Context): void {
  withServerOptions(program.command('up'))
    .description('start everything: a Redis, a worker, the API and its page; Ctrl-C stops cleanly')
    .option('--data <dir>', 'directory for the store and the embedded Redis')
    .option('--workers <n>', 'worker processes', wholeNumber, 1)
    .addOption(
      new Option('--log-format <format>', 'how logs are written to standard error').choices(['pretty', 'json']),
    )
    .addHelpText(
      'after',
      examples('parqueue up', 'parqueue up --config parqueue.yaml --port 9000', 'parqueue up --data /var/lib/parqueue'),
    )
    .action(async (options) => {
      const { up } = await import('./commands/up.ts');
      await up(context, options);
    });
  withServerOptions(program.command('api'))
    .description('start the HTTP API alone (needs redis.url)')
    .option('--data <dir>', 'directory of the store')
    .addHelpText('after', examples('REDIS_URL=redis://redis:6379 parqueue api --config parqueue.yaml'))
    .action(async (options) => {
      const { runApi } = await import('./commands/servers.ts');
      await runApi(context, options);
    });
  withServerOptions(program.command('worker'))
    .description('start one worker alone (needs redis.url); --port is its health and metrics port')
    .option('--data <dir>', 'directory of the store')
    .addHelpText('after', examples('REDIS_URL=redis://redis:6379 parqueue worker --config parqueue.yaml'))
    .action(async (options) => {
      const { runWorker } = await import('./commands/servers.ts');
      await runWorker(context, options);
    });
}

function withServerOptions(command: Command): Command {
  return command
    .option('--config <file>', CONFIG_FILE)
    .option('--port <n>', 'port to listen on, 0 for any free one', portNumber)
    .option('--host <address>', 'address to listen on');
}
