/** What a stream told of fills: those under way are remembered, so that each end can be told when nothing else is known of it. */
import type { FillSummaryView } from '../views/fill-view.ts';
import type { EventStream } from './event-stream.ts';

export class FillsTold {
  readonly #underWay = new Map<string, FillSummaryView>();

  tell(stream: EventStream, fill: FillSummaryView): void {
    const before = this.#underWay.get(fill.id);
    if (fill.state === 'finished') this.#underWay.delete(fill.id);
    else this.#underWay.set(fill.id, fill);
    // A load that goes on tells more soon.
    if (fill.state !== 'running' || before?.state !== 'running' || !stream.isBehind)
      stream.send({ event: 'fill', data: fill });
  }

  /** Its record is gone: a waiting one that was cancelled, or one that ended long ago. */
  end(stream: EventStream, id: string, outcome: FillSummaryView['outcome']): void {
    const before = this.#underWay.get(id);
    if (before !== undefined) this.tell(stream, { ...before, state: 'finished', progress: null, outcome });
  }
}
