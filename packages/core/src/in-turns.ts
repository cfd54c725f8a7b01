/** Work on many things, a few at a time. */

/** @returns what came of each, in their order. @throws what the first of them threw, when all that were begun are over. */
export async function inTurns<In, Out>(
  list: readonly In[],
  atOnce: number,
  work: (one: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const done: Out[] = [];
  for (let from = 0; from < list.length; from += atOnce) {
    const ends = await Promise.allSettled(list.slice(from, from + atOnce).map(work));
    for (const end of ends) {
      if (end.status === 'rejected') throw end.reason;
      done.push(end.value);
    }
  }
  return done;
}
