/** One probe or fill, as much as is known of it: by the queue's record, and by its outcome, which outlives that. */
import type { JobSummary } from '@parqueue/core/redis';
import type { ApiContext } from '../context.ts';
import { generationUrl } from '../http/data-headers.ts';
import { fillView, statusView } from '../views/fill-view.ts';

export type FillSeen = ReturnType<typeof seenOf>;

export interface FoundFill {
  readonly view: FillSeen;
  /** Whose it is; null: only its id is known any more, and whoever knows that may see it. */
  readonly job: JobSummary | null;
}

/** @returns null where there is no such job, or it ended over ten minutes ago */
export async function lookUpFill({ link }: Pick<ApiContext, 'link'>, id: string): Promise<FoundFill | null> {
  const { jobBrowser, jobs } = link.current().coordination;
  const job = await jobBrowser.get(id);
  // The outcome record is written before the job ends and outlives it; the queue's record tells more while it lasts.
  const status = statusView(id, await jobs.status(id), job?.progress ?? null);
  return status === null ? null : { view: seenOf(job, status), job };
}

function seenOf(job: JobSummary | null, status: NonNullable<ReturnType<typeof statusView>>) {
  return job === null ? status : { ...fillView(job), ...status, data: dataUrl(job.key, status.outcome) };
}

/** The immutable bytes that a finished job vouches for. */
function dataUrl(key: string, outcome: { readonly kind: string; readonly fence?: number } | null): string | null {
  return outcome?.fence === undefined ? null : generationUrl(key, outcome.fence);
}
