/**
 * Three kinds of tests. `repository`: test/*.test.ts look at the files themselves and need no service. `unit`: beside
 * their sources and in folders under test/, reading workspace packages as TypeScript (export condition `source`),
 * several files at once. `processes`: test/nfs, test/e2e, test/faults, test/crash, test/chaos, test/bench, test/explorer, test/readers and test/python start servers, workers and threads from the built
 * output, as production does, two files at once: half of their time they wait for leases, grace and restarts.
 */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const PROCESS_SUITES = [
  'test/e2e/**/*.test.ts',
  'test/faults/**/*.test.ts',
  'test/readers/**/*.test.ts',
  'test/python/**/*.test.ts',
  'test/nfs/**/*.test.ts',
  'test/explorer/**/*.test.ts',
  'test/crash/crash.test.ts',
  'test/chaos/chaos.test.ts',
  'test/bench/smoke.test.ts',
  'test/fuzz/files*.test.ts',
  'test/fuzz/http.test.ts',
];
const NOT_TESTS = ['**/node_modules/**', '**/dist/**', '**/var/**'];
const services = ['test/fixtures/global-setup.ts'];
const fromSources = { conditions: ['source'] };

/** On a clean checkout nobody knows how long a file takes. The longest one, begun last, would run on alone. */
class SimulationFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isFirst = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/test/simulation/');
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))];
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    passWithNoTests: false,
    // Of a test that hangs. What comes about in a moment takes many on a machine that has other things to do.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    sequence: { sequencer: SimulationFirst },
    projects: [
      {
        extends: true,
        test: { name: 'repository', include: ['test/*.test.ts'], maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        resolve: fromSources,
        ssr: { resolve: fromSources },
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'test/*/**/*.test.ts'],
          exclude: [...NOT_TESTS, ...PROCESS_SUITES],
          globalSetup: services,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'processes',
          include: PROCESS_SUITES,
          exclude: NOT_TESTS,
          globalSetup: services,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
