/** Commands that need no server: configuration, test data, the demonstration, the swarm. */
import { API_SCOPES } from '@parqueue/core/config';
import { Option, type Command } from 'commander';
import { CONFIG_FILE, examples, wholeNumber } from './arguments.ts';
import type { Context } from './context.ts';
import type { ExitCode } from './exit.ts';

export function addToolCommands(program: Command, context: Context, exitWith: (exit: ExitCode) => void): void {
  program.commandsGroup('Set up:');
  program
    .command('init')
    .description('write a commented configuration; never overwrites one')
    .option('--config <file>', 'where to write it (default: parqueue.yaml)')
    .addHelpText('after', examples('parqueue init', 'parqueue init --config deploy/parqueue.yaml'))
    .action(async (options) => (await import('./commands/init.ts')).init(context, options));
  addConfigCommands(program, context, exitWith);
  program
    .command('key')
    .description('API keys')
    .command('new')
    .description('make an API key and the hash of it that the configuration wants')
    .option('--name <name>', 'who it is for', 'caller')
    .option('--scopes <list>', `what it may do: ${API_SCOPES.join(', ')}`, 'read,fill')
    .option('--datasets <list>', 'names of datasets that it may use; * stands for any characters', '*')
    .option('--expires <time>', 'when it ends: a time such as 2027-01-31, or a duration from now such as 90d')
    .option('--json', 'JSON for machines')
    .addHelpText(
      'after',
      examples(
        'parqueue key new --name notebooks',
        "parqueue key new --name bi --scopes read --datasets 'sales_*,prices' --expires 90d",
      ),
    )
    .action(async (options) => (await import('./commands/key.ts')).keyNew(context, options));
  program.commandsGroup('Try it, and see it prove itself:');
  addGenerate(program, context);
  program
    .command('demo')
    .summary('the whole story on files and over the Oracle protocol')
    .description(
      'the whole story on files, and in a clone over the Oracle protocol; exit 0 only if each step did what it says',
    )
    .option('--rows <n>', 'rows of the Parquet file', wholeNumber, 500_000)
    .option('--data-only', 'only write the data that examples/parqueue.yaml serves')
    .option('--keep', 'keep the directory it ran in')
    .addHelpText('after', examples('parqueue demo', 'parqueue demo --rows 100000'))
    .action(async (options) => exitWith(await (await import('./commands/demo.ts')).demo(context, options)));
  addSwarm(program, context, exitWith);
}

function addConfigCommands(program: Command, context: Context, exitWith: (exit: ExitCode) => void): void {
  const config = program
    .command('config')
    .description('check or show the configuration')
    .addHelpText('after', examples('parqueue config check', 'parqueue config show --json | jq .store'));
  config
    .command('check')
    .description('report every problem at once; exit 1 where there are any')
    .option('--config <file>', CONFIG_FILE)
    .option('--json', 'JSON for machines')
    .addHelpText('after', examples('parqueue config check --config deploy/parqueue.yaml'))
    .action(async (options) => exitWith((await import('./commands/config.ts')).configCheck(context, options)));
  config
    .command('show')
    .description('what was understood, defaults included, secrets left out')
    .option('--config <file>', CONFIG_FILE)
    .option('--json', 'JSON for machines')
    .addHelpText('after', examples('parqueue config show --json | jq .store'))
    .action(async (options) => (await import('./commands/config.ts')).configShow(context, options));
}

function addGenerate(program: Command, context: Context): void {
  program
    .command('generate <file>')
    .description('write test data; equal seeds give equal bytes, and an existing file is replaced in one step')
    .option('--rows <n>', 'rows', wholeNumber, 100_000)
    .option('--seed <n>', 'what the values are made from', wholeNumber, 1)
    .option('--revision <n>', 'a number that stands in every row', wholeNumber, 1)
    .addOption(new Option('--format <format>', 'format (default: by the file name)').choices(['parquet', 'csv']))
    .option('--json', 'JSON for machines')
    .addHelpText(
      'after',
      examples(
        'parqueue generate data/orders.parquet --rows 1e6 --seed 7',
        'parqueue generate data/prices/xetra.csv --rows 50000',
      ),
    )
    .action(async (file: string, options) => (await import('./commands/generate.ts')).generate(context, file, options));
}

function addSwarm(program: Command, context: Context, exitWith: (exit: ExitCode) => void): void {
  const swarm = program
    .command('swarm')
    .description('many processes ask while the source changes; every answer is checked');
  withSizeOptions(swarm.command('file'), { rows: 20_000, changes: 'changes of the file', holder: 'file' })
    .description('over a file source; exit 1 and a named reason on any stale, torn or duplicate load')
    .option('--url <url>', 'use this server instead of starting one; needs --dataset and --file')
    .option('--dataset <name>', 'dataset to ask for, with --url')
    .option('--file <path>', 'the file that dataset reads, with --url; it is overwritten')
    .addHelpText(
      'after',
      examples('parqueue swarm file', 'parqueue swarm file --clients 8 --waves 30 --regenerations 15 --seed 42'),
    )
    .action(async (options) => exitWith(await (await import('./commands/swarm.ts')).swarmFile(context, options)));
  withSizeOptions(swarm.command('sql'), {
    rows: 2_000,
    changes: 'transactions that change both tables',
    holder: 'table',
  })
    .description('over two joined tables and the Oracle protocol, with a writer that commits meanwhile')
    .option(
      '--connect [connection]',
      'a real database, USER/PASSWORD@HOST:PORT/SERVICE, or alone: the one in ORACLE_TEST_URL; tables PQ_SWARM_* are made there and dropped',
    )
    .option('--url <url>', 'use this server instead of starting one; needs --source and --connect')
    .option('--source <name>', 'its Oracle source for that database, with --url; must allow ad-hoc statements')
    .addHelpText(
      'after',
      examples(
        'parqueue swarm sql',
        'ORACLE_TEST_URL=app/secret@127.0.0.1:1521/FREEPDB1 parqueue swarm sql --connect --waves 30 --regenerations 15',
      ),
    )
    .action(async (options) => exitWith(await (await import('./commands/swarm.ts')).swarmSql(context, options)));
}

interface SizeWords {
  readonly rows: number;
  readonly changes: string;
  readonly holder: string;
}

function withSizeOptions(command: Command, { rows, changes, holder }: SizeWords) {
  return command
    .option('--clients <n>', 'client processes', wholeNumber, 4)
    .option('--waves <n>', 'waves of gets', wholeNumber, 12)
    .option('--regenerations <n>', changes, wholeNumber, 6)
    .option('--gets <n>', 'gets of one client in one wave', wholeNumber, 5)
    .option('--rows <n>', `rows of the ${holder}`, wholeNumber, rows)
    .option('--seed <n>', 'when and in which order things happen', wholeNumber, 1)
    .option('--workers <n>', 'worker processes', wholeNumber, 2)
    .option('--key <api-key>', 'API key for --url')
    .option('--json', 'JSON for machines');
}
