/**
 * A vitest reporter that counts and writes the counts to PARQUEUE_TEST_SUMMARY; scripts/run.mjs prints them as the
 * very last line. A file that cannot be loaded and an error outside of any test each count as one failure, so that
 * nothing can go wrong under a line that says "0 failed".
 */
import { writeFileSync } from 'node:fs';

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let own = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') own += 1;
        else counts.skipped += 1;
      }
      if (own === 0 && module.state() === 'failed') own = 1;
      counts.failed += own;
    }
    const path = process.env.PARQUEUE_TEST_SUMMARY;
    if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
  }
}
