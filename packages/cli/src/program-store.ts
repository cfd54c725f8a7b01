/** Commands on the store and Redis themselves, beside running servers. */
import { Option, type Command } from 'commander';
import { examples } from './arguments.ts';
import type { Context } from './context.ts';
import type { ExitCode } from './exit.ts';

export function addStoreCommands(program: Command, context: Context, exitWith: (exit: ExitCode) => void): void {
  onStore(program.command('doctor'))
    .description(
      'what an on-call engineer looks at first: every part checked, what is wrong and what to do; changes nothing',
    )
    .option('--source <name>', 'only this source, with each of its datasets')
    .addHelpText(
      'after',
      examples('parqueue doctor', 'parqueue doctor --source erp', 'parqueue doctor --json | jq .checks'),
    )
    .action(async (options) => exitWith(await (await import('./commands/doctor.ts')).doctor(context, options)));
  onStore(program.command('verify'))
    .description(
      'read what is kept and compare every byte with its checksum; what is damaged is marked and filled again',
    )
    .option('--all', 'also replaced generations, not only the current ones')
    .option('--entry <key>', 'one entry')
    .addOption(new Option('--key <key>').hideHelp())
    .addHelpText('after', examples('parqueue verify', 'parqueue verify --all --json', 'parqueue verify --entry "$KEY"'))
    .action(async (options) => exitWith(await (await import('./commands/verify.ts')).verify(context, options)));
  onStore(program.command('rebuild'))
    .description('make what Redis knows again from the manifests on the store, as when Redis forgot')
    .addHelpText('after', examples('parqueue rebuild'))
    .action(async (options) => exitWith(await (await import('./commands/rebuild.ts')).rebuild(context, options)));
  onStore(program.command('gc'))
    .description('remove what retention and quota no longer keep, now instead of when workers get to it')
    .option('--dry-run', 'only tell what would go, and why')
    .addHelpText('after', examples('parqueue gc --dry-run', 'parqueue gc'))
    .action(async (options) => exitWith(await (await import('./commands/gc.ts')).gc(context, options)));
}

function onStore(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (default: parqueue.yaml, or PARQUEUE_CONFIG)')
    .option('--data <dir>', 'directory that `parqueue up --data` was given')
    .option('--json', 'JSON for machines');
}
