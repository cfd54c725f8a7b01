import { EventEmitter, once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import fastify, { type FastifyRequest } from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { NOBODY } from './admission.ts';
import { AuditLog } from './audit.ts';

function auditLog(level: string) {
  const lines: Record<string, unknown>[] = [];
  let now = 0;
  const log = pino(
    { level, base: null, timestamp: false },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const audit = new AuditLog(log, { now: () => now, sleep: () => Promise.reject(new Error('nobody waits here')) });
  return { audit, lines, pass: (ms: number) => void (now += ms) };
}

const request = (url: string, address = '203.0.113.9'): FastifyRequest =>
  ({
    principal: NOBODY,
    method: 'POST',
    url,
    id: 'r1',
    socket: { remoteAddress: address },
    routeOptions: { url: '/v1/query', config: {} },
  }) as unknown as FastifyRequest;

test('a line says who, what, on what and how it ended, without the query string, whatever the log level', () => {
  const { audit, lines } = auditLog('silent');
  audit.refusal(request('/v1/query?customer=secret'), 'PQ_UNAUTHENTICATED');
  expect(lines).toEqual([
    {
      level: 40,
      audit: true,
      principal: 'nobody',
      address: '203.0.113.9',
      act: 'POST /v1/query',
      target: '/v1/query',
      requestId: 'r1',
      outcome: 'refused',
      code: 'PQ_UNAUTHENTICATED',
      msg: 'refusal',
    },
  ]);
});

test('a flood of refusals is one line a second for each caller and code, with how many were not told', () => {
  const { audit, lines, pass } = auditLog('info');
  for (let one = 0; one < 100; one += 1) audit.refusal(request('/v1/query'), 'PQ_UNAUTHENTICATED');
  audit.refusal(request('/v1/query', '203.0.113.10'), 'PQ_UNAUTHENTICATED');
  audit.refusal(request('/v1/query'), 'PQ_FORBIDDEN');
  expect(lines).toHaveLength(3);
  pass(1_000);
  audit.refusal(request('/v1/query'), 'PQ_UNAUTHENTICATED');
  expect(lines[3]).toMatchObject({ untold: 99 });
});

test('an act has its line although whoever asked for it left before the answer', async () => {
  const { audit, lines } = auditLog('info');
  const app = fastify();
  app.decorateRequest('principal', { getter: () => NOBODY });
  audit.watch(app);
  const act = new EventEmitter();
  app.post('/purge', {
    config: { access: 'admin' },
    handler: async (_request, reply) => {
      act.emit('begun');
      await once(reply.raw, 'close');
      return { done: true };
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const caller = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    caller.write('POST /purge HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    await once(act, 'begun');
    caller.destroy();
    await once(caller, 'close');
    await expect.poll(() => lines).toEqual([expect.objectContaining({ act: 'POST /purge', outcome: 'done' })]);
  } finally {
    await app.close();
  }
});
