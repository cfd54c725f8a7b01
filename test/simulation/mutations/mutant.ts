/**
 * The simulation over a mutated program, in this process and beside the tree: modules are compiled by Vite, the edited
 * ones are compiled anew, and each mutant runs in a module graph of its own. What has no edit is compiled once for all.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, createServerModuleRunner, type Plugin, type ViteDevServer } from 'vite';
import { REPOSITORY } from '../../fixtures/source-graph.ts';
import type { runSeed } from '../run-seed.ts';
import { applyEdits, byFile, type Edit } from './mutation.ts';

export type RunSeed = typeof runSeed;

export class Mutants implements AsyncDisposable {
  readonly #server: ViteDevServer;
  readonly #edits: Map<string, readonly Edit[]>;

  private constructor(server: ViteDevServer, edits: Map<string, readonly Edit[]>) {
    this.#server = server;
    this.#edits = edits;
  }

  static async open(): Promise<Mutants> {
    const edits = new Map<string, readonly Edit[]>();
    const mutating: Plugin = {
      name: 'mutating',
      enforce: 'pre',
      load: (id) => {
        const wanted = edits.get(id);
        return wanted === undefined ? null : applyEdits(readFileSync(id, 'utf8'), wanted);
      },
    };
    const server = await createServer({
      configFile: false,
      root: REPOSITORY,
      logLevel: 'error',
      appType: 'custom',
      plugins: [mutating],
      server: { middlewareMode: true, hmr: false, ws: false, watch: null },
      optimizeDeps: { noDiscovery: true, include: [] },
      // Node 20 has no `await using`.
      oxc: { target: 'node20' },
      ssr: { resolve: { conditions: ['source'] } },
    });
    return new Mutants(server, edits);
  }

  /** Runs `play` with the simulation over a program with these edits. */
  async run<T>(edits: readonly Edit[], play: (runSeed: RunSeed) => Promise<T>): Promise<T> {
    const environment = this.#server.environments['ssr'];
    if (environment === undefined) throw new Error('Vite has no environment for server code');
    const files = [...byFile(edits)].map(([file, its]) => [join(REPOSITORY, file), its] as const);
    const forget = (): void => {
      for (const [file] of files) {
        for (const known of environment.moduleGraph.getModulesByFile(file) ?? [])
          environment.moduleGraph.invalidateModule(known);
      }
    };
    for (const [file, its] of files) this.#edits.set(file, its);
    forget();
    const runner = createServerModuleRunner(environment, { hmr: false });
    try {
      const { runSeed: run } = await runner.import<{ readonly runSeed: RunSeed }>(
        join(REPOSITORY, 'test/simulation/run-seed.ts'),
      );
      return await play(run);
    } finally {
      await runner.close();
      this.#edits.clear();
      forget();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }
}
