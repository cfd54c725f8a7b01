/** What is tried again, how often, and after which pauses. */
import { describe, expect, it } from 'vitest';
import { redactionOf, sourceError } from '../sql/faults.ts';
import { pauseBefore, TRIES_MAX, withRestarts } from '../sql/restarts.ts';
import { faultOf } from './faults.ts';

const fault = (message: string): unknown => sourceError(new Error(message), redactionOf([]), faultOf);

function tools(more: { readonly chance?: () => number; readonly signal?: AbortSignal } = {}) {
  const pausesMs: number[] = [];
  return {
    pausesMs,
    chance: more.chance ?? (() => 0.5),
    signal: more.signal ?? new AbortController().signal,
    clock: {
      now: () => 0,
      sleep: async (ms: number, signal?: AbortSignal): Promise<void> => {
        signal?.throwIfAborted();
        pausesMs.push(ms);
      },
    },
  };
}

describe('restarts', () => {
  it('are made a few times after a lost connection, each after a longer pause, and then no more', async () => {
    const { pausesMs, ...rest } = tools();
    const seen: (readonly string[])[] = [];
    await expect(
      withRestarts(rest, async (faults) => {
        seen.push(faults);
        throw fault('ORA-03113: end-of-file on communication channel');
      }),
    ).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE', details: { database: 'ORA-03113' } });
    expect(seen).toEqual([[], ['ORA-03113'], ['ORA-03113', 'ORA-03113']]);
    expect(seen).toHaveLength(TRIES_MAX);
    expect(pausesMs).toEqual([250, 500]);
  });

  it('are spread by chance, so that many workers do not come back at once', () => {
    const lost = fault('NJS-500: connection to Oracle Database was closed or broken');
    expect([0, 0.999].map((chance) => pauseBefore(lost, 0, () => chance))).toEqual([125, 375]);
  });

  it('follow a snapshot that is too old at once', async () => {
    const { pausesMs, ...rest } = tools();
    const result = await withRestarts(rest, async (faults) => {
      if (faults.length < 2) throw fault('ORA-01555: snapshot too old');
      return faults;
    });
    expect(result).toEqual(['ORA-01555', 'ORA-01555']);
    expect(pausesMs).toEqual([]);
  });

  it.each(['ORA-00942: x', 'ORA-01017: x', 'ORA-00904: x', 'ORA-12514: x', 'ORA-01013: x', 'NJS-123: x', 'NJS-103: x'])(
    'are not made after %s',
    async (message) => {
      let tries = 0;
      await expect(
        withRestarts(tools(), async () => {
          tries += 1;
          throw fault(message);
        }),
      ).rejects.toThrow();
      expect(tries).toBe(1);
    },
  );

  it('end with the reason of the abort when they are aborted while they wait', async () => {
    const controller = new AbortController();
    const { pausesMs: _, ...rest } = tools({ signal: controller.signal });
    const clock = {
      now: () => 0,
      sleep: async (): Promise<void> => {
        controller.abort();
        controller.signal.throwIfAborted();
      },
    };
    await expect(
      withRestarts({ ...rest, clock }, async () => {
        throw fault('ORA-03113: x');
      }),
    ).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
  });
});
