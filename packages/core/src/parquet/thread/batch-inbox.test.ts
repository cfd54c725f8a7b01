/** How far a sender of batches may be ahead. */
import { expect, it } from 'vitest';
import { BatchInbox } from './batch-inbox.ts';

it('asks for one batch ahead: one is worked on, and never more than one waits', async () => {
  let asked = 0;
  let sent = 0;
  const inbox = new BatchInbox<number>(() => (asked += 1), new AbortController().signal);
  const send = (): void => {
    while (sent < asked) inbox.put((sent += 1));
  };
  const batches = inbox[Symbol.asyncIterator]();
  for (let at = 1; at <= 5; at += 1) {
    const next = batches.next();
    send();
    expect(await next).toEqual({ done: false, value: at });
    send();
    expect(sent).toBeLessThanOrEqual(at + 1);
    expect(asked).toBe(at + 1);
  }
  inbox.end();
  expect(await batches.next()).toMatchObject({ value: 6 });
  expect(await batches.next()).toMatchObject({ done: true });
  expect(asked).toBe(6);
});

it('ends a wait when it is stopped, and gives out nothing that came before', async () => {
  const stop = new AbortController();
  const inbox = new BatchInbox<number>(() => undefined, stop.signal);
  const batches = inbox[Symbol.asyncIterator]();
  const waiting = batches.next();
  inbox.put(1);
  stop.abort(new RangeError('enough'));
  await expect(waiting).rejects.toThrow(RangeError);
});
