/** Commands that talk to a running server. */
import { Option, type Command } from 'commander';
import { bind, examples, nameList, parameter, wholeNumber } from './arguments.ts';
import type { Context } from './context.ts';

const FORMATS = ['parquet', 'arrow', 'csv', 'json', 'ndjson'];

export function addDataCommands(program: Command, context: Context): void {
  addRowCommands(program, context);
  addEntryCommands(program, context);
}

function addRowCommands(program: Command, context: Context): void {
  withRowOptions(remote(program.command('get <dataset>')))
    .description('the rows of a dataset, loaded first where need be')
    .option('--param <name=value>', 'a parameter; repeat for more', parameter)
    .addHelpText(
      'after',
      examples(
        'parqueue get orders -o orders.parquet',
        'parqueue get prices --param market=xetra --format csv | head',
        'parqueue get orders --only-if-cached -o orders.parquet --json',
      ),
    )
    .action(async (dataset: string, options) => {
      const { get } = await import('./commands/get.ts');
      await get(context, dataset, options);
    });
  withRowOptions(remote(program.command('query')))
    .description('the rows of an undeclared question, from a source that allows it')
    .requiredOption('--source <name>', 'the configured source to ask')
    .option('--path <file>', "a file below the source's root")
    .option('--sql <statement>', 'a statement')
    .option(
      '--bind <name[:type]=value>',
      'a bind of --sql: a text, or of a type such as integer or date; repeat for more',
      bind,
    )
    .addHelpText(
      'after',
      examples(
        'parqueue query --source files --path exports/today.csv -o today.parquet',
        "parqueue query --source erp --sql 'select * from sales where sold_on >= :since' --bind since:date=2026-01-31",
      ),
    )
    .action(async (options) => {
      const { query } = await import('./commands/get.ts');
      await query(context, options);
    });
}

function addEntryCommands(program: Command, context: Context): void {
  remote(program.command('ls'))
    .description('what is cached; --json: a line for each entry')
    .option('--prefix <text>', 'only keys that begin so')
    .option('--dataset <name>', 'only entries of this dataset')
    .option('--limit <n>', 'at most this many', wholeNumber)
    .addHelpText('after', examples('parqueue ls --dataset orders', 'parqueue ls --json | jq .key'))
    .action(async (options) => (await import('./commands/entries.ts')).list(context, options));
  remote(program.command('inspect <key>'))
    .description('one entry: its head, rows, size, versions and who fills it')
    .addHelpText('after', examples('parqueue inspect "$(parqueue ls --json --limit 1 | jq -r .key)"'))
    .action(async (key: string, options) => (await import('./commands/entries.ts')).inspect(context, key, options));
  remote(program.command('explain <key>'))
    .description('why an entry is answered as it is: versions, ages, ticks, leases, queue')
    .addHelpText(
      'after',
      examples('parqueue explain orders-0123456789abcdef0123456789abcdef', 'parqueue explain "$KEY" --json | jq .why'),
    )
    .action(async (key: string, options) => (await import('./commands/entries.ts')).explain(context, key, options));
  remote(program.command('fill <dataset>'))
    .description('check an entry against its source now, and load it where it is not right')
    .option('--param <name=value>', 'a parameter; repeat for more', parameter)
    .option('--force', 'load again even when the source did not change')
    .addHelpText('after', examples('parqueue fill orders', 'parqueue fill prices --param market=xetra --force'))
    .action(async (dataset: string, options) =>
      (await import('./commands/entries.ts')).fill(context, dataset, options),
    );
  remote(program.command('invalidate'))
    .description('mark entries as not to be trusted any more')
    .option('--entry <key>', 'one entry')
    .option('--dataset <name>', 'all entries of a dataset')
    .option('--source <name>', 'all entries of a source')
    .option('--table <name>', 'with --source: entries that read this table')
    .option('--prefix <text>', 'all entries whose key begins so')
    .addOption(
      new Option('--mode <mode>', 'soft: verify before next use; hard: load again; purge: also remove')
        .choices(['soft', 'hard', 'purge'])
        .default('soft'),
    )
    .addHelpText(
      'after',
      examples('parqueue invalidate --dataset orders', 'parqueue invalidate --source files --mode hard'),
    )
    .action(async (options) => (await import('./commands/entries.ts')).invalidateEntries(context, options));
}

function remote(command: Command): Command {
  return command
    .option('--url <url>', 'the server (default: PARQUEUE_URL, or http://127.0.0.1:8787)')
    .option('--key <api-key>', 'API key (default: PARQUEUE_API_KEY)')
    .option('--json', 'JSON for machines');
}

function withRowOptions(command: Command): Command {
  return command
    .option('-o, --output <file>', 'write to a file, which appears only when whole')
    .addOption(
      new Option('--format <format>', 'format of the rows (default: by the file name; csv on a terminal)').choices(
        FORMATS,
      ),
    )
    .option('--limit <n>', 'only so many rows (not for parquet; on a terminal 1000, elsewhere all)', wholeNumber)
    .option('--columns <names>', 'only these columns, in this order: a,b,c', nameList)
    .option('--max-age <seconds>', 'accept an answer verified at most so long ago, within the policy', wholeNumber)
    .option('--no-cache', 'verify against the source whatever the policy says')
    .option('--only-if-cached', 'answer from the cache or fail (exit 3)');
}
