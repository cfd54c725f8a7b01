import { describe, expect, it } from 'vitest';
import { readEvents } from './event-stream.ts';
import type { FillEvent } from './types.ts';

async function eventsOf(chunks: readonly string[]): Promise<FillEvent[]> {
  const bytes = chunks.map((chunk) => new TextEncoder().encode(chunk));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of bytes) controller.enqueue(chunk);
      controller.close();
    },
  });
  const events: FillEvent[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

const STREAM =
  ': hello\n\nevent: progress\nid: 1\ndata: {"rows":5}\r\n\r\ndata: line öne\r\ndata: line two\r\rdata:{"never":"finished"}';
const EVENTS = [
  { event: 'progress', id: '1', data: { rows: 5 } },
  { event: 'message', id: '1', data: 'line öne\nline two' },
];

describe('the events of a stream', () => {
  it('are the same wherever its chunks end', async () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      expect(await eventsOf([STREAM.slice(0, cut), STREAM.slice(cut)])).toEqual(EVENTS);
    }
    expect(await eventsOf(Array.from(STREAM))).toEqual(EVENTS);
  });

  it('are none where only comments and names come', async () => {
    expect(await eventsOf([': still there\n\nevent: progress\n\nretry: 5\n\n'])).toEqual([]);
  });
});
