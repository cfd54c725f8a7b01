/** One cell, on whatever stage is free, until it came to its end. */
import { nameOf, type Cell } from './cells.ts';
import type { Outcome } from './report.ts';
import { runCell, Unfinished } from './run-cell.ts';
import type { Stages } from './stages.ts';

/** @param playsMax a cell that did not end while the machine stood still is played again. A defect would be there again. */
export async function playedToTheEnd(
  stages: Stages,
  cell: Cell,
  playsMax: number,
): Promise<{ readonly outcome: Outcome; readonly plays: number }> {
  const name = nameOf(cell);
  for (let plays = 1; ; plays += 1) {
    try {
      const outcome = await stages.play({
        name,
        on: (stage) => runCell(stage, cell),
        isClean: ({ wrong }) => wrong.length === 0,
      });
      return { outcome, plays };
    } catch (error) {
      if (!(error instanceof Unfinished && error.stalled && plays < playsMax))
        return { outcome: { cell, wrong: [String(error)] }, plays };
      console.warn(`${name}: played again, a process did not run for a while: ${error.message}`);
    }
  }
}
