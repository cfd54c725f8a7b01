/** The first half of the demonstration: files that change under the cache. */
import type { Asking, AskedRows } from './asking.ts';
import { PRICES, writeDemoFile, type DemoFile } from './data.ts';
import type { Story, Telling } from './story.ts';
import { spellBytes, spellCount } from '../output/units.ts';

export const CALLERS = 50;

const SALES_DATASET = { dataset: 'sales' };

export interface FileScene {
  /** The folder of the source. */
  readonly data: string;
  readonly sales: DemoFile;
}

export async function writeFiles({ data, sales }: FileScene, { show }: Telling): Promise<void> {
  show(sales.path, `${spellCount(sales.rows)} rows, ${spellBytes(await writeDemoFile(data, sales, 1))}`);
  show(PRICES.path, `${spellCount(PRICES.rows)} rows, ${spellBytes(await writeDemoFile(data, PRICES, 1))}`);
}

export async function tellFileStory(story: Story, asking: Asking, { data, sales }: FileScene): Promise<void> {
  const cold = await story.step('Cold: the first ask loads the file once', async (telling) => {
    const asked = await asking.ask(telling, SALES_DATASET);
    telling.claim(/fwd=(uri-)?miss/.test(asked.cacheStatus), 'the cache had nothing yet');
    telling.claim(
      asked.rows === sales.rows && revisionOf(asked) === 1,
      `all ${spellCount(sales.rows)} rows of revision 1 are there`,
    );
    telling.claim((await asking.loads()) === 1, 'there was exactly one load');
    return asked;
  });
  await story.step('Warm: the second ask is answered from the published file', async (telling) => {
    const asked = await asking.ask(telling, SALES_DATASET);
    telling.claim(/;\s*hit/.test(asked.cacheStatus), 'it was a hit, after one look at the file');
    telling.claim(
      asked.etag === cold.etag && asked.generation === cold.generation,
      'the very same generation, byte for byte',
    );
    telling.claim((await asking.loads()) === 1, 'the file was not loaded again');
    telling.claim(await asking.isNotModified('sales', asked.etag), 'with If-None-Match the answer is 304 and no bytes');
  });
  await story.step('A CSV is asked for in the same way, and answered as Parquet', async (telling) => {
    const asked = await asking.ask(telling, { dataset: 'prices', params: { market: 'xetra' } });
    telling.claim(asked.rows === PRICES.rows, `all ${spellCount(PRICES.rows)} lines became rows`);
    telling.claim((await asking.loads()) === 2, 'with one load');
    telling.show('one row', JSON.stringify(asked.firstRow));
  });
  const changed = await story.step('The source changes, and the next ask notices', async (telling) => {
    await writeDemoFile(data, sales, 2);
    const asked = await asking.ask(telling, SALES_DATASET);
    telling.claim(revisionOf(asked) === 2, 'the rows are those of revision 2: nothing stale was served');
    telling.claim(
      asked.etag !== cold.etag && asked.generation > cold.generation,
      'in a new generation with a new ETag',
    );
    telling.claim((await asking.loads()) === 3, 'after one more load');
    return asked;
  });
  await story.step('And is warm again', async (telling) => {
    const asked = await asking.ask(telling, SALES_DATASET);
    telling.claim(/;\s*hit/.test(asked.cacheStatus) && asked.etag === changed.etag, 'a hit on revision 2');
    telling.claim((await asking.loads()) === 3, 'without a load');
  });
  await story.step(`${CALLERS} callers at once after another change`, async (telling) => {
    await writeDemoFile(data, sales, 3);
    const before = await asking.loads();
    const asked = await asking.crowd(telling, SALES_DATASET, CALLERS);
    const loads = (await asking.loads()) - before;
    telling.show('loads', String(loads));
    telling.claim(asked.etag !== changed.etag, `all ${CALLERS} got the same new bytes`);
    telling.claim(loads === 1, 'the file was loaded exactly once for all of them');
  });
}

function revisionOf({ firstRow }: AskedRows): number {
  return Number(firstRow['revision']);
}
