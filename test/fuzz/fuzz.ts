/**
 * How the properties of this folder are tried. `npm test` tries each on as many cases as it names, from a seed that never
 * changes, so that what passed passes again; `npm run fuzz` tries each for a time, from seed to seed. A failure prints the
 * seed, the path and the smallest case, which is then kept as an ordinary test.
 */
import { appendFileSync } from 'node:fs';
import { Script } from 'node:vm';
import fc from 'fast-check';
import { test } from 'vitest';

const SEED = Number(process.env['PARQUEUE_FUZZ_SEED'] ?? 20261122);
/** For each property; 0: only the cases that it names. */
const SECONDS = Number(process.env['PARQUEUE_FUZZ_SECONDS'] ?? 0);
/** `npm run fuzz`. */
export const LONG = SECONDS > 0;
const REPORT = process.env['PARQUEUE_FUZZ_REPORT'] ?? '';

/** What takes milliseconds if it is linear, and hours if it is not, is told apart by any number between. */
const HANG_MS = 60_000;

/** Between two looks at the clock. */
const ROUND = 100;

type Rounds = (parameters: fc.Parameters<[unknown]>) => fc.RunDetails<[unknown]> | Promise<fc.RunDetails<[unknown]>>;

/** A claim about every value, which `judge` refutes by throwing, or by not coming to an end. */
export function claim<T>(
  name: string,
  { runs, values }: { readonly runs: number; readonly values: fc.Arbitrary<T> },
  judge: (value: T) => void,
): void {
  let hangs = false;
  const property = fc.property<[unknown]>(values as fc.Arbitrary<unknown>, (value) => {
    // Smaller values that hang too are not looked for: each would take as long.
    if (hangs) return;
    hangs = true;
    try {
      inTime(() => judge(value as T), HANG_MS);
      hangs = false;
    } catch (error) {
      hangs = isHang(error);
      throw error;
    }
  });
  tried(name, runs, (parameters) => fc.check(property, parameters));
}

/** The same for what takes turns with other work, `atOnce` values together: most of it may be waiting. */
export function asyncClaim<T>(
  name: string,
  { runs, values, atOnce = 1 }: { readonly runs: number; readonly values: fc.Arbitrary<T>; readonly atOnce?: number },
  judge: (value: T) => Promise<void>,
): void {
  const some = fc.array(values, { minLength: atOnce, maxLength: atOnce });
  const property = fc.asyncProperty<[unknown]>(some, async (all) => {
    // Each to its end, so that a smaller case begins alone.
    const judged = await Promise.allSettled((all as readonly T[]).map(judge));
    for (const result of judged) if (result.status === 'rejected') throw result.reason;
  });
  tried(name, Math.ceil(runs / atOnce), async (parameters) => await fc.check(property, parameters), atOnce);
}

function tried(name: string, runs: number, rounds: Rounds, casesOfRun = 1): void {
  test(
    name,
    async () => {
      const began = performance.now();
      const seconds = (): number => (performance.now() - began) / 1000;
      let done = 0;
      for (let round = 0; round === 0 || seconds() < SECONDS; round += 1) {
        const details = await rounds({ seed: SEED + round, numRuns: LONG ? Math.min(runs, ROUND) : runs });
        done += details.numRuns * casesOfRun;
        if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
      }
      if (REPORT !== '') appendFileSync(REPORT, `${JSON.stringify({ name, cases: done, seconds: seconds() })}\n`);
      if (LONG) console.log(`${done} cases in ${seconds().toFixed(0)} s: ${name}`);
    },
    (SECONDS + 2 * (HANG_MS / 1000)) * 1000,
  );
}

/** What the engine is told to break off: the test runner's own limit waits for a turn that never comes. */
const runner = new Script('globalThis.parqueueFuzzed()');

/** @throws where the call has not come back in time, loops and regular expressions included. */
function inTime<T>(call: () => T, ms: number): T {
  const outcome: { value?: T } = {};
  const place = globalThis as { parqueueFuzzed?: () => void };
  place.parqueueFuzzed = () => {
    outcome.value = call();
  };
  try {
    runner.runInThisContext({ timeout: ms });
  } finally {
    delete place.parqueueFuzzed;
  }
  return outcome.value as T;
}

function isHang(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

/** For what is tried once. */
export function endsInTime<T>(call: () => T): T {
  return inTime(call, HANG_MS);
}

/** What a test may take in which `endsInTime` is used so often. */
export function patience(calls: number): number {
  return (calls + 1) * HANG_MS;
}
