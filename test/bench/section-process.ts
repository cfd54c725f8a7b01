/**
 * One section in a process of its own, so that none measures the heap, the compiled code or the threads that another left behind:
 * `section-process.js NAME SCALE SCRATCH`, with a channel to its parent. Servers that it started end with it.
 */
import { faultsIn, type Outcome } from './played.ts';
import { Bench, type Scale, type Section } from './section.ts';
import { SECTIONS } from './sections/index.ts';

/** What it tells its parent. */
export type Told = { readonly kind: 'progress'; readonly text: string } | Outcome;

const ended = new AbortController();

async function tell(told: Told): Promise<void> {
  await new Promise<void>((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(told, undefined, undefined, () => resolve());
  });
}

async function play(section: Section, scale: Scale, scratch: string): Promise<Outcome> {
  try {
    const progress = (text: string): void => void tell({ kind: 'progress', text });
    const findings = await section.run(new Bench({ scale, scratch, signal: ended.signal, progress }));
    const faults = faultsIn(findings);
    return faults.length === 0 ? { kind: 'found', findings } : { kind: 'failed', message: faults.join('; ') };
  } catch (error) {
    if (ended.signal.aborted) return { kind: 'ended' };
    return { kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

const [name, scale, scratch = ''] = process.argv.slice(2);
const section = SECTIONS.find((one) => one.name === name);
if (section === undefined || process.send === undefined) throw new Error('only npm run bench starts this');
// The parent says that it is over, whatever it says, or is gone.
const end = (): void => ended.abort(new Error('the bench was ended'));
process.once('message', end);
process.once('disconnect', end);
await tell(await play(section, scale as Scale, scratch));
process.exit();
