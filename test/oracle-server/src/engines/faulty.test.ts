/** Faults by order, around an engine that needs no database. */
import { expect, test } from 'vitest';
import { OraError } from '../engine.ts';
import { ask, refusal } from '../testing/ask.ts';
import { faultyEngine } from './faulty.ts';
import { scriptedEngine } from './scripted.ts';

const scripted = (rows: number): ReturnType<typeof scriptedEngine> =>
  scriptedEngine({
    answers: [
      {
        statements: (sql) => sql.includes('FROM T'),
        columns: [{ name: 'ID', type: { kind: 'NUMBER', precision: 9, scale: 0 }, nullable: false }],
        rows,
        cycle: [['1'], ['2'], ['3']],
      },
    ],
  });
const SQL = 'SELECT ID FROM T';

test('a scripted answer repeats its cycle until there are enough rows', async () => {
  const session = await scripted(1_000_000).open('APP');
  const done = await session.execute(await session.parse(SQL), []);
  if (done.kind !== 'rows') throw new Error('rows were expected');
  expect(await done.rows.next(4)).toEqual([['1'], ['2'], ['3'], ['1']]);
  let count = 4;
  for (let batch = await done.rows.next(5000); batch.length > 0; batch = await done.rows.next(5000))
    count += batch.length;
  expect(count).toBe(1_000_000);
  expect(await refusal(session, 'SELECT 1 FROM ELSEWHERE')).toBe(900);
});

test('an error after k rows comes after exactly k rows, once if so ordered', async () => {
  const engine = faultyEngine(scripted(100));
  const session = await engine.open('APP');
  const fault = engine.arm({
    at: { afterRows: 42 },
    action: { kind: 'error', error: new OraError(1555, 'snapshot too old') },
    times: 1,
  });
  const done = await session.execute(await session.parse(SQL), []);
  if (done.kind !== 'rows') throw new Error('rows were expected');
  expect(await done.rows.next(40)).toHaveLength(40);
  expect(await done.rows.next(40)).toHaveLength(2);
  await expect(done.rows.next(40)).rejects.toMatchObject({ number: 1555, fatal: false });
  expect(fault.hits).toBe(1);
  expect(await ask(session, SQL)).toHaveLength(100);
});

test('faults concern only the statements they were armed for, at their place', async () => {
  const engine = faultyEngine(scripted(3));
  const session = await engine.open('APP');
  const fault = engine.arm({
    statements: (sql, user) => sql.includes('/* hit */') && user === 'APP',
    at: 'execute',
    action: { kind: 'kill' },
  });
  expect(await ask(session, SQL)).toHaveLength(3);
  const error: unknown = await ask(session, `${SQL} /* hit */`).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ number: 28, fatal: true });
  engine.arm({ at: 'execute', action: { kind: 'drop' } });
  await expect(ask(session, SQL)).rejects.toMatchObject({ number: 3113 });
  fault.disarm();
  engine.disarmAll();
  expect(await ask(session, `${SQL} /* hit */`)).toHaveLength(3);
});

test('what is held goes on when it is released, or ends with ORA-01013 at a break', async () => {
  const engine = faultyEngine(scripted(3));
  const session = await engine.open('APP');
  const hold = engine.arm({ at: 'execute', action: { kind: 'hold' } });
  const first = ask(session, SQL);
  await hold.reached;
  hold.disarm();
  expect(await first).toHaveLength(3);
  const again = engine.arm({ at: 'execute', action: { kind: 'hold' }, times: 1 });
  engine.breakLatencyMs = 5;
  const second = refusal(session, SQL);
  await again.reached;
  session.interrupt();
  expect(await second).toBe(1013);
  expect(await ask(session, SQL)).toHaveLength(3);
});
