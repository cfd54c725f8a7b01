/** The swarm's processes as the coordinator sees them: one order, one report. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  ClientPlan,
  FromClient,
  FromGenerator,
  GeneratorPlan,
  Regeneration,
  Sighting,
  ToClient,
  ToGenerator,
} from './messages.ts';

/** A process and the promise of its next report. */
class SwarmProcess<Report> {
  readonly #child: ChildProcess;
  #ended: string | null = null;
  #resolve: (report: Report) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(script: string, plan: ClientPlan | GeneratorPlan) {
    this.#child = fork(fileURLToPath(new URL(script, import.meta.url)), [JSON.stringify(plan)], { execArgv: [] });
    this.#child.on('message', (report) => this.#resolve(report as Report));
    this.#child.once('exit', (code, signal) => {
      this.#ended = `${script} ended with ${code ?? signal}`;
      this.#reject(new Error(this.#ended));
    });
  }

  async ask(message: ToClient | ToGenerator): Promise<Report> {
    if (this.#ended !== null) throw new Error(this.#ended);
    return await new Promise<Report>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#child.send(message);
    });
  }

  end(): void {
    this.#reject = () => {};
    this.#child.kill();
  }
}

export class SwarmClient extends SwarmProcess<FromClient> {
  constructor(plan: ClientPlan) {
    super('./client.child.js', plan);
  }

  async wave(delaysMs: readonly number[]): Promise<readonly Sighting[]> {
    return (await this.ask({ type: 'wave', delaysMs })).sightings;
  }
}

export class SwarmGenerator extends SwarmProcess<FromGenerator> {
  constructor(plan: GeneratorPlan) {
    super('./generator.child.js', plan);
  }

  async regenerate(revision: number, delayMs: number): Promise<Regeneration> {
    const report = await this.ask({ type: 'regenerate', revision, delayMs });
    if (report.type === 'failed') throw new Error(`the file could not be written: ${report.message}`);
    return report.regeneration;
  }
}
