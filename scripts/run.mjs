/**
 * `npm run demo|start|test|check|bench|simulate|crash|chaos|fuzz|large|mutations|readers|nfs|screenshots|scaling`: all set-up, then the thing itself. What it prints is meant for a
 * person; what it exits with is meant for CI.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideBrowser } from './setup-browser.mjs';
import { providePython, python } from './setup-python.mjs';
import { provideKustomize } from './setup-kustomize.mjs';
import { provideNginx } from './setup-nginx.mjs';
import { provideNfsLab } from './setup-nfs-lab.mjs';
import { providePromtool } from './setup-promtool.mjs';
import { databaseCommand, installCommand, missingDatabases, redisOnPath, root, setUp, SetupError } from './setup.mjs';

const CLI = join(root, 'packages', 'cli', 'dist', 'main.js');
const bin = (name) => join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);

const COMMANDS = {
  __proto__: null,
  async demo(args) {
    await setUp();
    return run(process.execPath, [CLI, 'demo', ...args]);
  },

  async start(args) {
    await setUp();
    const prepared = await run(process.execPath, [CLI, 'demo', '--data-only']);
    if (prepared !== 0) return prepared;
    return run(process.execPath, [CLI, 'up', '--config', join(root, 'examples', 'parqueue.yaml'), ...args]);
  },

  async test(args) {
    await setUp({ databases: true });
    if (redisOnPath() === null) {
      throw new SetupError(`the suite runs on a real Redis and found none on PATH. Run: ${installCommand()}`);
    }
    await requireDatabases();
    // What the suite cannot do without is missed before anything else takes minutes.
    await provideBrowser();
    await providePython();
    await provideNfsLab();
    await providePromtool();
    await provideKustomize();
    const scratch = mkdtempSync(join(tmpdir(), 'parqueue-summary-'));
    const summary = join(scratch, 'summary.json');
    const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts', 'summary-reporter.mjs')}`];
    const code = await run(bin('vitest'), ['run', ...reporters, ...args], { PARQUEUE_TEST_SUMMARY: summary });
    const counts = existsSync(summary)
      ? JSON.parse(readFileSync(summary, 'utf8'))
      : { passed: 0, failed: 1, skipped: 0, failures: [] };
    rmSync(scratch, { recursive: true, force: true });
    // No test found, a crash of a worker: not one test failed, and yet it did.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    for (const failure of counts.failures) console.log(`FAILED ${failure}`);
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
    return code === 0 && counts.failed > 0 ? 1 : code;
  },

  async check() {
    await setUp({ redis: false });
    const checks = [
      ['types', bin('tsc'), ['-p', 'tsconfig.tests.json']],
      ['types of the page', bin('tsc'), ['-p', 'apps/explorer/src/page/tsconfig.json']],
      ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
      ['format', bin('oxfmt'), ['--check']],
      ['architecture', bin('vitest'), ['run', '--reporter=dot', '--project', 'repository']],
    ];
    const results = await Promise.all(checks.map(([title, command, args]) => check(title, command, args)));
    return results.every((passed) => passed) ? 0 : 1;
  },

  /**
   * `npm run simulate [-- SEEDS [FROM]]`, or with `--seeds`, `--from`, `--profile`, `--jobs`: more schedules than a test run should
   * take, on all cores; stopped, it goes on later. `--profile NAME --seed N` plays one seed again.
   */
  async simulate(args) {
    await setUp();
    const [seeds, from] = args;
    const plain = args.length > 0 && args.every((argument) => /^\d+$/.test(argument));
    const options = plain ? ['--seeds', seeds, ...(from === undefined ? [] : ['--from', from])] : args;
    return run(process.execPath, [join(root, 'test', 'dist', 'simulation', 'simulate.js'), ...options]);
  },

  /** `npm run fuzz [-- SECONDS [SEED]]`: each property of test/fuzz for so long; what was tried is counted at the end. */
  async fuzz([seconds = '20', seed = String(Date.now() % 2 ** 31)]) {
    await setUp();
    const folder = join(root, 'var', 'fuzz');
    mkdirSync(folder, { recursive: true });
    const report = join(folder, 'report.ndjson');
    rmSync(report, { force: true });
    console.log(`${seconds} s for each property, from seed ${seed}`);
    const environment = { PARQUEUE_FUZZ_SECONDS: seconds, PARQUEUE_FUZZ_SEED: seed, PARQUEUE_FUZZ_REPORT: report };
    const code = await run(bin('vitest'), ['run', 'test/fuzz'], environment);
    const held = existsSync(report) ? readFileSync(report, 'utf8').trimEnd().split('\n').map(JSON.parse) : [];
    const cases = held.reduce((sum, one) => sum + one.cases, 0);
    console.log(`${cases} cases of ${held.length} properties held, from seed ${seed}`);
    return code;
  },

  /** `npm run mutations [-- NAME]`: seeded defects, each looked for in all profiles of the simulation, and in Lua by the differential suites. */
  async mutations([name = 'all']) {
    await setUp();
    const environment = { PARQUEUE_MUTATIONS: name };
    const suite = 'test/simulation/mutations/mutations.test.ts';
    // The option would take a file behind it for its value, and all tests would run.
    return run(bin('vitest'), ['run', suite, '--project', 'unit', '--disable-console-intercept'], environment);
  },

  /** `npm run large [-- ROWS]`: results of this many rows from each database, with their speed and the memory they took. */
  async large([rows = '50000000']) {
    await setUp({ databases: true });
    await requireDatabases();
    const suites = ['postgres', 'mysql'].map((kind) => `test/e2e/${kind}-large.test.ts`);
    return run(bin('vitest'), ['run', '--project', 'processes', ...suites], { PARQUEUE_LARGE_ROWS: rows });
  },

  /** `npm run readers [-- TIMES]`: each Python reader reads so many times while the head moves. */
  async readers([times = '100']) {
    await setUp();
    await providePython();
    const environment = { PARQUEUE_READS: times };
    return run(bin('vitest'), ['run', '--project', 'processes', '--testTimeout=0', 'test/readers'], environment);
  },

  /** `npm run test:python [-- PYTEST ARGUMENTS]`: the Python client against a real stack; with its types, lint and format. */
  async 'test:python'(args) {
    await setUp({ databases: true });
    await requireDatabases();
    if (!(await providePython())) throw new SetupError('the Python client cannot be tested here: see above.');
    const client = join(root, 'clients', 'python');
    const tools = [['ruff', 'check'], ['ruff', 'format', '--check'], ['mypy'], ['pytest', ...args]];
    for (const tool of tools) {
      const code = await run(python, ['-m', ...tool], {}, client);
      if (code !== 0) return code;
    }
    return 0;
  },

  /** `npm run screenshots`: the pictures of the page in docs/images, taken of a stack with rows in it. */
  async screenshots() {
    await setUp();
    await provideBrowser();
    return run(process.execPath, [join(root, 'test', 'dist', 'explorer', 'screenshots.js')]);
  },

  /** `npm run nfs [-- 'OPTIONS;OPTIONS' [CHANGES]]`: two hosts of one store on a real NFS mount, mounted in each of these ways. */
  async nfs([mounts = 'vers=4.2;vers=3,nolock;vers=4.2,actimeo=1;vers=3,nolock,noac', changes = '60']) {
    await setUp();
    await provideNfsLab();
    const environment = { PARQUEUE_NFS_MOUNTS: mounts, PARQUEUE_NFS_CHANGES: changes };
    return run(bin('vitest'), ['run', '--project', 'processes', 'test/nfs'], environment);
  },

  /**
   * `npm run crash [-- CELL]`: all cells of the crash matrix, or those whose name has this in it; `--at-once N` plays so many at
   * a time. Cells that held before are not played again, so that a run can be interrupted; var/crash holds them, and is
   * removed to begin anew. `--report` plays none. After all cells, and then, docs/crash-matrix.md has what was seen.
   */
  async crash(args) {
    await setUp();
    return run(process.execPath, [join(root, 'test', 'dist', 'crash', 'main.js'), ...args]);
  },

  /**
   * `npm run chaos [-- READS [SEED]]`: clients, writers and a nemesis on real processes until so many answers were judged; a
   * seed plays the same deeds again. The report is var/chaos/report.md.
   */
  async chaos(args) {
    await setUp({ databases: true });
    await requireDatabases();
    return run(process.execPath, [join(root, 'test', 'dist', 'chaos', 'main.js'), ...args]);
  },

  /** `npm run bench [-- SECTION…] [--long] [--write] [--list]`: Parqueue, floors and peers in one run; see docs/performance.md. */
  async bench(args) {
    await setUp({ databases: true });
    await provideNginx();
    return run(process.execPath, [join(root, 'test', 'dist', 'bench', 'main.js'), ...args]);
  },

  /** `npm run scaling [-- SECONDS]`: one worker to four and back under load; the report is var/scaling/report.md. */
  async scaling([seconds = '120']) {
    await setUp();
    const environment = { PARQUEUE_SCALING_SECONDS: seconds };
    return run(
      bin('vitest'),
      ['run', '--project', 'processes', '--testTimeout=0', 'test/e2e/scaling.test.ts'],
      environment,
    );
  },
};

/** The suites start servers of their own, or use those that somebody named; without either they would prove nothing. */
async function requireDatabases() {
  const missing = await missingDatabases();
  if (missing.length === 0) return;
  const names = missing.map(({ title }) => title).join(' and ');
  const variables = missing.map(({ variable }) => variable).join(' and ');
  throw new SetupError(
    `the suite runs on a real ${names} and found none. Run: ${databaseCommand(missing)}\n`
      + `Or name servers that run in ${variables}: see "Tests" in README.md.`,
  );
}

/** One check in the background: a line when it is done, its output when it failed. */
function check(title, command, args) {
  const began = Date.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.once('error', (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.once('close', (code) => {
      const took = ((Date.now() - began) / 1000).toFixed(1);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${title} (${took} s)`);
      resolve(code === 0);
    });
  });
}

/**
 * Runs the command on our terminal. Ctrl-C reaches it directly (same process group), so it is only waited for; a
 * SIGTERM meant for us is passed on. @returns its exit code.
 */
function run(command, args, env = {}, cwd = root) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: 'inherit',
      env: { ...process.env, ...env },
      shell: process.platform === 'win32' && command.endsWith('.cmd'),
    });
    const wait = () => {};
    const pass = () => child.kill('SIGTERM');
    process.on('SIGINT', wait);
    process.on('SIGTERM', pass);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGINT', wait);
      process.off('SIGTERM', pass);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

const [name = '', ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(COMMANDS).join('|')}`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await command(args);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
