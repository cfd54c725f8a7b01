/** `parqueue up`: everything in one command, until Ctrl-C. */
import type { ConfigOptions } from '../config-file.ts';
import { firstSignal, type Context } from '../context.ts';
import { onHangup } from '../reload-keys.ts';
import { prettyLogLine, taggedLogLine } from '../output/log-lines.ts';
import { startStack } from '../up/stack.ts';
import type { ProcessEvents } from '../up/supervised-process.ts';

export interface UpOptions extends ConfigOptions {
  readonly workers?: number;
  readonly logFormat?: 'pretty' | 'json';
}

export async function up(context: Context, options: UpOptions): Promise<void> {
  const events = eventsOf(context, options.logFormat ?? (context.interactive ? 'pretty' : 'json'));
  // Before anything is started: a Ctrl-C during the start must find somebody listening.
  const signal = firstSignal(() => {
    context.err('stopping now');
    for (const stack of started) stack.kill();
    process.exit(1);
  });
  const started: { kill(): void }[] = [];
  const ready = onHangup(context);
  const stack = await startStack(context, { ...options, events });
  started.push(stack);
  ready(() => stack.reloadKeys());
  events.onNote(stack.redis.description);
  for (const url of stack.workerUrls) events.onNote(`worker health and metrics on ${url}`);
  context.out(`parqueue ready on ${stack.url}`);
  await signal;
  events.onNote('stopping: the API first, then workers (they finish what they run), Redis last. Again to stop at once');
  await stack.stop();
  events.onNote('stopped; data is kept');
}

export function eventsOf(context: Context, format: 'pretty' | 'json'): ProcessEvents {
  if (format === 'json') {
    return {
      onLine: (name, line) => context.err(taggedLogLine(name, line)),
      onNote: (line) => context.err(JSON.stringify({ level: 30, time: context.clock.now(), process: 'up', msg: line })),
    };
  }
  return {
    onLine: (name, line) => context.err(prettyLogLine(name, line, context.interactive)),
    onNote: (line) => context.err(line),
  };
}
