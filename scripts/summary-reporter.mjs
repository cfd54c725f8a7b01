/**
 * A vitest reporter that counts, and writes the counts and what failed to PARQUEUE_TEST_SUMMARY; scripts/run.mjs prints
 * the failures once more at the end, where a log that was cut still has them, and the counts as the very last line. A
 * file that cannot be loaded and an error outside of any test each count as one failure, so that nothing can go wrong
 * under a line that says "0 failed".
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const MESSAGE_CHARS = 600;

const told = (error) => String(error?.message ?? error).slice(0, MESSAGE_CHARS);

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const failures = unhandledErrors.map((error) => `outside of any test: ${told(error)}`);
    for (const module of modules) {
      let own = 0;
      const file = relative(process.cwd(), module.moduleId);
      for (const error of module.errors()) failures.push(`${file}: ${told(error)}`);
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') {
          own += 1;
          failures.push(`${file} > ${test.fullName}: ${(errors ?? []).map(told).join(' | ')}`);
        } else counts.skipped += 1;
      }
      if (own === 0 && module.state() === 'failed') own = 1;
      counts.failed += own;
    }
    const path = process.env.PARQUEUE_TEST_SUMMARY;
    if (path !== undefined) writeFileSync(path, JSON.stringify({ ...counts, failures }));
  }
}
