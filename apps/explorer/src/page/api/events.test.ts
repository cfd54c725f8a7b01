import { expect, it } from 'vitest';
import { readEvents, type ServerEvent } from './events.ts';
import { problemFrom } from './problem.ts';

const STREAM =
  ': connected\n\nevent: fill\r\ndata: {"id":1}\r\nid: 7\r\n\r\ndata: a\ndata: b\n\n: still there\n\nevent: bye\ndata: {"cut":';

/** Cut anywhere, as networks do. */
function streamOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, (at += size)));
    },
  });
}

it.each([1, 2, 7, 1_000])(
  'events come whole from chunks of %d bytes, comments and what is cut off do not',
  async (size) => {
    const events: ServerEvent[] = [];
    for await (const event of readEvents(streamOf(STREAM, size))) events.push(event);
    expect(events).toEqual([
      { name: 'fill', data: '{"id":1}', id: '7' },
      { name: 'message', data: 'a\nb', id: null },
    ]);
  },
);

it('a problem is known by its code; a body that is none leaves the status', () => {
  expect(problemFrom(429, '{"code":"PQ_RATE_LIMITED","detail":"slower"}', '3')).toMatchObject({
    code: 'PQ_RATE_LIMITED',
    message: 'slower',
    retryAfterSeconds: 3,
  });
  expect(problemFrom(502, '<html>bad gateway</html>', null)).toMatchObject({
    code: 'HTTP 502',
    status: 502,
    retryAfterSeconds: null,
  });
});
