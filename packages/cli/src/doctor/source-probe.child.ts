/**
 * Asks one source in a process of its own: a folder whose server is gone, or a driver's native code, may neither end nor
 * be ended from within. The configuration comes as a message, for it holds credentials.
 */
import { checkSource } from '@parqueue/worker';
import { toFailure } from '@parqueue/core';
import type { SourceProbe, SourceProbeNews } from './source-probe.ts';

function tell(news: SourceProbeNews): void {
  process.send?.(news);
}

process.once('message', (message) => {
  void run(message as SourceProbe);
});

async function run({ config, source, limitMs }: SourceProbe): Promise<void> {
  try {
    for await (const answer of checkSource({ config, source, limitMs, now: () => performance.now() }))
      tell({ kind: 'answer', answer });
    tell({ kind: 'end' });
  } catch (error) {
    tell({ kind: 'failed', failure: toFailure(error) });
  }
  process.disconnect();
}
