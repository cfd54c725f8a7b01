/** What a call of a wrapped function asks for, and what its runs are given. */
import type { Ask } from '@parqueue/core';
import * as core from '@parqueue/core/in-process';
import { expect, it } from 'vitest';
import type { Local, Opened } from './local.ts';
import { TableMemory } from './table-memory.ts';
import { WrappedAsks } from './wrapped.ts';

interface Asked {
  readonly ask: Ask;
  readonly call: core.WrappedCall;
}

const CONTEXT = { key: 'k', version: null, signal: new AbortController().signal };

/** Calls that end where the store would begin. */
function listening(fn: (...args: never[]) => unknown, options: object) {
  const asked: Asked[] = [];
  const inProcess = {
    ask: async (ask: Ask, call: core.WrappedCall): Promise<never> => {
      asked.push({ ask, call });
      throw new Error('enough');
    },
  };
  const local = { open: async () => ({ core, inProcess }) as unknown as Opened } as unknown as Local;
  const asks = new WrappedAsks(fn as never, { key: 'days', ...options } as never, {
    local,
    memory: new TableMemory(1),
  });
  const ask = async (self: unknown, ...args: unknown[]): Promise<void> => {
    const error: unknown = await asks.ask(self, args, {}).catch((thrown: unknown) => thrown);
    if (!(error instanceof Error) || error.message !== 'enough') throw error;
  };
  return { asked, ask };
}

it('arguments are those of the moment of the call, for its key, its version and each run', async () => {
  const given: unknown[] = [];
  const empty = (list: number[]): void => void given.push(list.splice(0));
  const { asked, ask } = listening(empty, { version: empty });
  const list = [1];
  const first = ask(undefined, list);
  list.push(2);
  await Promise.all([first, ask(undefined, list)]);
  const [one, two] = asked as [Asked, Asked];
  expect(asked.map((each) => each.ask.request.canonical.question)).toMatchObject([
    { arguments: [[1]] },
    { arguments: [[1, 2]] },
  ]);
  for (const { call } of [one, two, one]) call.load(CONTEXT);
  one.call.version?.();
  expect(given).toEqual([[1], [1, 2], [1], [1]]);
});

it('what identifies a call is asked when it is made, with its this', async () => {
  const { asked, ask } = listening(() => [], {
    version: 'manual',
    key: {
      name: 'days',
      of(this: { readonly book: string }, day: { readonly at: number }) {
        return [this.book, day];
      },
    },
  });
  const day = { at: 1 };
  const first = ask({ book: 'EQ' }, day);
  day.at = 2;
  await first;
  expect(asked[0]?.ask.request.canonical.question).toMatchObject({ arguments: { of: ['EQ', { at: 1 }] } });
});

it('arguments that no store should keep are refused with a way out', async () => {
  const { asked, ask } = listening(() => [], { version: 'manual' });
  await expect(ask(undefined, 'x'.repeat(1024 * 1024))).rejects.toThrow(/more than 1048576 characters.*hash/s);
  expect(asked).toEqual([]);
});

it.each([undefined, 'manul', {}, { ttl: Number.NaN }, { ttl: '60' }])('%j is no way to tell a version', (version) => {
  expect(() => listening(() => [], { version })).toThrow(TypeError);
});
