/** Plays a section in a process group of its own, and sees to it that nothing of it is left when it is over. */
import { execFile, fork } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from './played.ts';
import { profiled } from './profiled.ts';
import { BUILT } from './root.ts';
import type { Scale } from './section.ts';
import type { Told } from './section-process.ts';

const PROGRAM = join(BUILT, 'section-process.js');
/** A section that was told to end and has not done so by then is killed. */
const END_WITHIN_MS = 15_000;

export interface PlayOptions {
  readonly scale: Scale;
  readonly signal: AbortSignal;
  onProgress(text: string): void;
}

/** From the built output. Ends, and has removed what it wrote, also when the signal fires. */
export async function playSection(name: string, options: PlayOptions): Promise<Outcome> {
  const scratch = await mkdtemp(join(tmpdir(), `parqueue-bench-${name}-`));
  // Servers that run as somebody else have their folders in it.
  await chmod(scratch, 0o755);
  try {
    return await inProcess(name, { ...options, scratch });
  } finally {
    await remove(scratch);
  }
}

/** By a program first: Node holds all names at once, and a section may leave millions. */
async function remove(scratch: string): Promise<void> {
  await new Promise((resolve) => {
    execFile('rm', ['-rf', '--', scratch], resolve);
  });
  await rm(scratch, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

async function inProcess(name: string, options: PlayOptions & { readonly scratch: string }): Promise<Outcome> {
  const { scale, signal, scratch, onProgress } = options;
  // A group of its own: Ctrl-C is for us, who end it in good order; and what is left of it can be named.
  const child = fork(PROGRAM, [name, scale, scratch], {
    execArgv: ['--expose-gc', ...profiled(name)],
    detached: true,
    env: { ...process.env, TMPDIR: scratch },
  });
  const killGroup = (): void => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // Nobody is left in it.
    }
  };
  let outcome: Outcome | null = null;
  child.on('message', (told: Told) => {
    if (told.kind === 'progress') onProgress(told.text);
    else outcome = told;
  });
  let killing: NodeJS.Timeout | undefined;
  const end = (): void => {
    // Refused by a channel that is closed: then it ends by itself.
    if (child.connected) child.send('end', () => undefined);
    killing = setTimeout(killGroup, END_WITHIN_MS);
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  const exit = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, by) => resolve(by ?? `exit code ${code}`));
  });
  signal.removeEventListener('abort', end);
  clearTimeout(killing);
  if (child.pid !== undefined) killGroup();
  return outcome ?? (signal.aborted ? { kind: 'ended' } : { kind: 'failed', message: `its process ended: ${exit}` });
}
