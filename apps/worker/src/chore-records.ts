/** Leaves a record of each chore's run, for those who ask when the store was last cleaned and how that went. */
import { isParqueueError, toFailure, type Processes } from '@parqueue/core';

export interface ChoreRecorder {
  readonly processes: Pick<Processes, 'noteChore'>;
  readonly holder: string;
}

/** Runs the chore and notes what it reports, or how it failed; a note that cannot be written changes nothing. */
export async function recorded<T>(
  chore: string,
  { processes, holder }: ChoreRecorder,
  run: () => Promise<T>,
): Promise<T> {
  const note = async (outcome: Parameters<Processes['noteChore']>[1]['outcome']): Promise<void> => {
    try {
      await processes.noteChore(chore, { by: holder, outcome });
    } catch (error) {
      if (!isParqueueError(error)) throw error;
    }
  };
  try {
    const report = await run();
    await note({ ok: true, report: report ?? null });
    return report;
  } catch (error) {
    const { code, message } = toFailure(error);
    await note({ ok: false, code, message });
    throw error;
  }
}
