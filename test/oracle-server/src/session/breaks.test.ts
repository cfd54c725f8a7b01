/** Cancelling, timing out, vanishing and not reading: what a client does to a statement from outside. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { OraError } from '../engine.ts';
import { failureOf, numbered, startFixture, TEXT, values } from '../testing/fixture.ts';
import { socketOf } from '../testing/driver-socket.ts';
import type { Answer } from '../testing/answering-engine.ts';
import type { Fixture } from '../testing/fixture.ts';

const endless: Answer = { ...values(TEXT), rows: () => ['x'.repeat(2000)] };

function answers(sql: string): Answer {
  if (sql === 'hang') return { ...numbered(1), hangs: true };
  return sql === 'select endless' ? endless : numbered(3);
}

describe('a break', () => {
  test('during an execute ends it with ORA-01013 once, and the next call is answered', async () => {
    await using fixture = await startFixture(answers);
    const connection = await fixture.connect();
    for (let i = 0; i < 3; i += 1) {
      const running = failureOf(connection.execute('hang'));
      await executed(fixture, i + 1);
      await connection.break();
      expect((await running).code).toBe('ORA-01013');
      expect((await connection.execute('select')).rows).toHaveLength(3);
    }
    expect(fixture.engine.events.filter((event) => event === 'interrupt')).toHaveLength(3);
  });

  test('while rows are streaming ends them, and the next call is answered', async () => {
    await using fixture = await startFixture(answers);
    const connection = await fixture.connect();
    const running = failureOf(connection.execute('select endless', [], { prefetchRows: 0, fetchArraySize: 200_000 }));
    await until(() => fixture.engine.rowsMade > 2000);
    await connection.break();
    expect((await running).code).toBe('ORA-01013');
    expect((await connection.execute('select')).rows).toHaveLength(3);
  });

  test('of a session at rest fails the next call, once', async () => {
    await using fixture = await startFixture(answers);
    const connection = await fixture.connect();
    await connection.execute('select');
    await connection.break();
    expect((await failureOf(connection.execute('select'))).code).toBe('ORA-01013');
    expect((await connection.execute('select')).rows).toHaveLength(3);
    expect(fixture.engine.events).not.toContain('interrupt');
  });

  test('twice in a row is one break', async () => {
    await using fixture = await startFixture(answers);
    const connection = await fixture.connect();
    const running = failureOf(connection.execute('hang'));
    await executed(fixture, 1);
    await Promise.all([connection.break(), connection.break()]);
    expect((await running).code).toBe('ORA-01013');
    expect((await connection.execute('select')).rows).toHaveLength(3);
  });

  test('after the reply was sent is answered all the same', async () => {
    await using fixture = await startFixture(answers);
    const connection = await fixture.connect();
    for (let i = 0; i < 20; i += 1) {
      const running = connection.execute('select').then(
        () => 'rows',
        (error: { code: string }) => error.code,
      );
      await connection.break();
      const outcome = await running;
      if (outcome === 'rows') expect((await failureOf(connection.ping())).message).toContain('ORA-01013');
      else expect(outcome).toBe('ORA-01013');
      expect((await connection.execute('select')).rows).toHaveLength(3);
    }
  });
});

test('a call that takes too long is NJS-123, and the session goes on', async () => {
  await using fixture = await startFixture(answers);
  const connection = await fixture.connect();
  connection.callTimeout = 100;
  expect((await failureOf(connection.execute('hang'))).code).toBe('NJS-123');
  connection.callTimeout = 0;
  expect((await connection.execute('select')).rows).toHaveLength(3);
});

describe('a connection that is cut', () => {
  test('amid fetching is NJS-500 and never a short result', async () => {
    await using fixture = await startFixture(() => ({
      ...numbered(5000),
      errorAt: { row: 1500, error: new OraError(3113, 'end-of-file on communication channel') },
    }));
    const connection = await fixture.connect();
    expect((await failureOf(connection.execute('select', [], { fetchArraySize: 1000 }))).message).toContain('NJS-500');
    expect(connection.isHealthy()).toBe(false);
  });

  test('by the server while a statement runs interrupts it and gives everything back', async () => {
    await using fixture = await startFixture(answers);
    const connection = await fixture.connect();
    const running = failureOf(connection.execute('hang'));
    await executed(fixture, 1);
    expect(await fixture.server.killSessions(({ user }) => user === 'NOBODY')).toBe(0);
    expect(await fixture.server.killSessions(({ user }) => user === 'APP')).toBe(1);
    expect((await running).message).toContain('NJS-500');
    expect(fixture.engine.openSessions).toBe(0);
  });

  test('by a client that vanishes amid a long reply frees its cursors, rows and session', async () => {
    await using fixture = await startFixture(answers);
    const connection = await fixture.connect();
    const running = failureOf(connection.execute('select endless', [], { fetchArraySize: 1_000_000 }));
    await until(() => fixture.engine.rowsMade > 2000);
    socketOf(connection).destroy();
    await running;
    await until(() => fixture.server.counters.sessionsNow === 0);
    expect(fixture.engine.openRowSources).toBe(0);
    expect(fixture.server.counters.openCursors).toBe(0);
  });
});

test('a client that stops reading stops the rows, and can still break', async () => {
  await using fixture = await startFixture(answers);
  const connection = await fixture.connect();
  const running = failureOf(connection.execute('select endless', [], { prefetchRows: 0, fetchArraySize: 1_000_000 }));
  await until(() => fixture.engine.rowsMade > 1000);
  const socket = socketOf(connection);
  socket.pause();
  let before = -1;
  await until(() => {
    const still = before === fixture.engine.rowsMade;
    before = fixture.engine.rowsMade;
    return still;
  }, 200);
  // 2 kB a row: what the two sockets hold is a few MB, the rows that were asked for are 2 GB.
  expect(fixture.engine.rowsMade).toBeLessThan(50_000);
  await connection.break();
  socket.resume();
  expect((await running).code).toBe('ORA-01013');
  expect((await connection.execute('select')).rows).toHaveLength(3);
});

async function executed(fixture: Fixture, times: number): Promise<void> {
  await until(() => fixture.server.counters.executionsOf('hang') === times);
}

async function until(condition: () => boolean, everyMs = 5): Promise<void> {
  while (!condition()) await delay(everyMs);
}
