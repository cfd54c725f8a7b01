/** Commands on the store and Redis themselves, beside running servers. */
import { Option, type Command } from 'commander';
import { CONFIG_FILE, examples } from './arguments.ts';
import type { Context } from './context.ts';
import type { ExitCode } from './exit.ts';

export function addStoreCommands(program: Command, context: Context, exitWith: (exit: ExitCode) => void): void {
  onStore(program.command('doctor'))
    .summary('what to run first when something is wrong')
    .description(
      'what to run first when something is wrong: every part is checked, with what it means and what to do; changes nothing; exit 1 where something fails, 0 for warnings',
    )
    .option('--source <name>', 'only this source, with each of its datasets')
    .addHelpText(
      'after',
      examples('parqueue doctor', 'parqueue doctor --source erp', 'parqueue doctor --json | jq .checks'),
    )
    .action(async (options) => exitWith(await (await import('./commands/doctor.ts')).doctor(context, options)));
  onStore(program.command('verify'))
    .summary('compare every byte that is kept with its checksum')
    .description(
      'read what is kept and compare every byte with its checksum; what is damaged is marked, and filled again when it is asked for; exit 1 where anything is damaged, 4 where something could not be read',
    )
    .option('--all', 'also replaced generations, not only the current ones')
    .option('--entry <key>', 'one entry')
    .option('--from <shard>', 'go on at this shard, 00 to ff, as an interrupted one says')
    .addOption(new Option('--key <key>').hideHelp())
    .addHelpText('after', examples('parqueue verify', 'parqueue verify --all --json', 'parqueue verify --entry "$KEY"'))
    .action(async (options) => exitWith(await (await import('./commands/verify.ts')).verify(context, options)));
  onStore(program.command('rebuild'))
    .description(
      'make what Redis knows again from the manifests on the store, as when Redis forgot; one that was interrupted is gone on with',
    )
    .option('--restart', 'begin anew, also where one is not complete')
    .addHelpText('after', examples('parqueue rebuild', 'parqueue rebuild --json | jq .damaged'))
    .action(async (options) => exitWith(await (await import('./commands/rebuild.ts')).rebuild(context, options)));
  onStore(program.command('gc'))
    .description('remove what retention and quota no longer keep, now instead of when workers get to it')
    .option('--dry-run', 'only tell what would go, and why')
    .addHelpText('after', examples('parqueue gc --dry-run', 'parqueue gc'))
    .action(async (options) => exitWith(await (await import('./commands/gc.ts')).gc(context, options)));
}

function onStore(command: Command): Command {
  return command
    .option('--config <file>', CONFIG_FILE)
    .option('--data <dir>', 'directory that `parqueue up --data` was given')
    .option('--json', 'JSON for machines');
}
