/** Work on many things, a few at a time. */

/**
 * The next begins as soon as one is over.
 * @returns what came of each, in their order. @throws what the first that failed threw, when all that were begun are over.
 */
export async function inTurns<In, Out>(
  list: readonly In[],
  atOnce: number,
  work: (one: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const done: Out[] = [];
  const failed: unknown[] = [];
  const rest = list.entries();
  const takeTurns = async (): Promise<void> => {
    for (const [at, one] of rest) {
      try {
        done[at] = await work(one);
      } catch (error) {
        failed.push(error);
      }
      if (failed.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, list.length) }, takeTurns));
  if (failed.length > 0) throw failed[0];
  return done;
}
