import { EventEmitter, once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@parqueue/core';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { serverCloser } from './close-server.ts';

/** An hour of waiting takes as long as the event loop needs. */
function fastClock(): Clock {
  let time = 0;
  return {
    now: () => time,
    sleep: async (ms) => {
      time += ms;
      await sleep(1);
    },
  };
}

test('callers are answered, and a connection that never carried a request holds nothing up', async () => {
  const app = fastify({ forceCloseConnections: 'idle' });
  const close = serverCloser(app);
  const gates = new EventEmitter();
  const asked = once(gates, 'asked');
  app.get('/', async () => {
    gates.emit('asked');
    await once(gates, 'answer');
    return 'answered';
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const unused = connect(port, '127.0.0.1');
  await once(unused, 'connect');
  const caller = fetch(`http://127.0.0.1:${port}/`);
  await asked;
  const stopping = new AbortController();
  const closing = close({ clock: fastClock(), stopping });
  await once(unused, 'close');
  expect(stopping.signal.aborted).toBe(false);
  gates.emit('answer');
  expect(await (await caller).text()).toBe('answered');
  await closing;
});
