/** The command's entry: argv in, exit code out. */
import { readFileSync } from 'node:fs';
import { contextOfProcess } from './context.ts';
import { runProgram } from './program.ts';
import { endWhereStuck } from './stuck-store.ts';

// `parqueue ls | head` closes our output early: that is the reader's right, not an error.
process.stdout.on('error', (error: Error & { code?: string }) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
process.exitCode = await runProgram(process.argv.slice(2), contextOfProcess(version));
endWhereStuck();
