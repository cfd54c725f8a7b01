/**
 * The explorer in a real browser, on a real stack: what it shows is compared with what the stack knows, what can be done
 * there is done. Every view is also held to axe-core's rules, to a narrow phone, and to what the page's policy allows.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ExplorerStage, KEYS, MARKETS, YEARS } from './explorer-stage.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAGE = 50;

let explorer: ExplorerStage;
let key = '';

beforeAll(async () => {
  explorer = await ExplorerStage.open();
  const { entries } = (await (await explorer.stage.get('/v1/entries?dataset=trades')).json()) as {
    entries: { key: string }[];
  };
  key = entries[0]?.key ?? '';
});

afterEach(async () => {
  await explorer.closeTabs();
});

afterAll(async () => {
  await explorer?.[Symbol.asyncDispose]();
});

/** Waits: what is asked of the server is not there at once. */
async function shows(where: Page | Locator, ...texts: readonly (string | RegExp)[]): Promise<void> {
  for (const text of texts) await where.getByText(text).filter({ visible: true }).first().waitFor();
}

const row = (page: Page, name: string): Locator =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: false }) });

describe('what is shown', () => {
  test('the overview tells of each dataset how much the cache answered, how old it is and how large', async () => {
    const page = await explorer.visit('');
    await shows(page, 'Overview', 'One row per trade, for plots');
    const trades = row(page, 'trades').first();
    // Asked twice: loaded, then answered.
    await shows(trades, '50.0 %', '≤ 1 h', /KiB/);
    await shows(row(page, 'words').first(), 'strict');
    await shows(row(page, 'lake').first(), 'ok', 'idle');
    expect(await page.title()).toBe('Overview · Parqueue');
  });

  test('datasets are sorted by whatever column is pressed, and back', async () => {
    const page = await explorer.visit('');
    await shows(page, 'One row per trade, for plots');
    const names = async (): Promise<readonly string[]> =>
      await page.getByRole('region', { name: 'Datasets' }).getByRole('rowheader').getByRole('link').allTextContents();
    const declared = await names();
    const head = page.getByRole('columnheader', { name: 'Dataset' });
    await head.getByRole('button').click();
    await expect.poll(names).toEqual([...declared].toSorted());
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    await head.getByRole('button').click();
    await expect.poll(names).toEqual([...declared].toSorted().toReversed());
    await head.getByRole('button').click();
    await expect.poll(names).toEqual(declared);
  });

  test('a dataset is asked with its parameters, and says how the answer came about', async () => {
    const page = await explorer.visit('#/datasets/prices');
    await shows(page, 'Fill in market first.', 'Strict: every ask looks at the source first.');
    await page.getByLabel('market').fill('ma');
    await page.getByLabel('year').fill('2003');
    await shows(page, /prices\.parquet\?market=ma&year=2003/);
    await page.getByRole('button', { name: 'Python' }).click();
    await shows(page, /pl\.read_parquet/);
    await page.getByRole('button', { name: 'Ask for the first rows' }).click();
    await shows(page, /the source was looked at and had not changed/, '1 row in all');
    await page.getByRole('link', { name: 'See its entry' }).click();
    await page.getByRole('heading', { level: 1, name: /^prices_ma.2003/ }).waitFor();
  });

  test('what a parameter may not be is told as the server tells it', async () => {
    const page = await explorer.visit('#/datasets/prices');
    await page.getByLabel('market').fill('M1');
    await page.getByRole('button', { name: 'Ask for the first rows' }).click();
    await shows(page.getByRole('alert'), /market/, /PQ_INVALID_REQUEST/);
  });

  test('an entry tells why it is answered so, its rows, its columns with plots, its generations and the work on it', async () => {
    const page = await explorer.visit(`#/entries/${key}`);
    await shows(page, 'The next ask is answered at once.', '3,000', 'up to 1 h', 'decimal128(12, 2)');
    const first = page.getByRole('region', { name: 'First rows' });
    expect(await first.getByRole('row').nth(1).getByRole('cell').allTextContents()).toEqual([
      '1',
      'north',
      '2026-01-01',
      '0.00',
      'null',
    ]);
    await page.getByRole('img', { name: /^Spread of amount from 0/ }).waitFor();
    const columns = page.getByRole('region', { name: 'Columns' });
    const region = columns.getByRole('row').filter({ hasText: 'utf8' }).first();
    await shows(region, 'south', '50.0 %');
    const discount = columns.getByRole('row').filter({ hasText: 'discount' });
    await shows(discount, '20.0 %');
    await shows(page.getByRole('region', { name: 'Generations' }), 'current');
    await shows(page, /loaded 3,000 rows/);
  });

  test('entries are listed a page at a time, and narrowed by how their keys begin', async () => {
    const page = await explorer.visit('#/entries?dataset=prices');
    const entries = page.getByRole('group', { name: 'Entries' }).getByRole('rowheader');
    await entries.nth(PAGE - 1).waitFor();
    expect(await entries.count()).toBe(PAGE);
    await page.getByRole('link', { name: `Next ${PAGE}` }).click();
    await shows(page, 'These are the last.');
    expect(await entries.count()).toBe(MARKETS * YEARS - PAGE);
    await page.getByRole('searchbox', { name: 'Key begins with' }).fill('prices_mb_2007');
    await expect.poll(() => entries.count()).toBe(1);
    expect(page.url()).toContain('prefix=prices_mb_2007');
    await page.getByRole('searchbox', { name: 'Key begins with' }).fill('nothing-like-it');
    await shows(page, 'No key begins with “nothing-like-it”.');
  });

  test('an address that leads nowhere says so', async () => {
    const page = await explorer.visit('#/datasets/unheard-of');
    await shows(page, 'Not there.', /PQ_UNKNOWN_DATASET/);
    await page.goto(`${explorer.stage.url}/#/no/such/view`);
    await shows(page, 'There is no such view');
  });
});

describe('what can be done', () => {
  test('a load that runs is followed, and cancelled', async () => {
    await explorer.stage.stopWorker();
    const page = await explorer.visit('#/fills');
    await shows(page, 'No fill is running.');
    await explorer.stage.get('/v1/datasets/slow/data', { prefer: 'respond-async' });
    await shows(page, 'waiting for a worker');
    const load = await explorer.takeLoad({ phase: 'reading', rows: 1_234, bytes: 512, bytesTotal: 2_048 });
    await shows(page, '1,234 rows · 512 B of 2.00 KiB');
    const bar = page.getByRole('progressbar', { name: 'Progress of slow' });
    expect(await bar.getAttribute('aria-valuenow')).toBe('25');
    await page.getByRole('button', { name: 'Cancel the fill of slow' }).click();
    await page.getByRole('button', { name: 'Cancel it' }).click();
    await shows(page, 'Told the fill of slow to stop');
    await load.end();
    await shows(page, 'No fill is running.');
    await explorer.stage.startWorker();
  });

  test('a source is paused with a reason, which whoever comes later reads, and resumed', async () => {
    const page = await explorer.visit('#/sources');
    const card = page.getByRole('region', { name: 'closed' });
    await card.getByRole('button', { name: 'Pause closed' }).click();
    const dialog = page.getByRole('dialog');
    await shows(dialog, /No new probe and no new fill begins/);
    await dialog.getByLabel(/Why/).fill('the DBA called');
    await dialog.getByRole('button', { name: 'Pause it' }).click();
    await shows(card, 'paused', /the DBA called/);
    await shows(page, 'closed is paused');
    await card.getByRole('button', { name: 'Resume closed' }).click();
    await dialog.getByRole('button', { name: 'Resume it' }).click();
    await card.getByRole('button', { name: 'Pause closed' }).waitFor();
  });

  test('an entry that is called wrong is loaded again before its next use, and the page says so at once', async () => {
    const page = await explorer.visit(`#/entries/${key}`);
    await shows(page, 'The next ask is answered at once.');
    await page.getByRole('button', { name: 'Invalidate this entry' }).click();
    await page.getByRole('radio', { name: /Load again before the next use/ }).check();
    await page.getByRole('button', { name: 'Load again before the next use' }).click();
    await shows(page, 'Will be loaded again before the next use: this entry (1 entry)', 'The next ask loads it again.');
    await explorer.stage.get('/v1/datasets/trades.json?limit=1');
    await shows(page, 'The next ask is answered at once.', '1 older one kept for now');
  });
});

describe('who may', () => {
  test('a server with keys asks for one, refuses one it does not know, and shows everything to one it does', async () => {
    const page = await explorer.visit('', { url: explorer.urlWithKeys });
    await shows(page, 'This server wants an API key');
    const field = page.getByLabel('API key');
    await field.fill('not-a-key');
    await field.press('Enter');
    await shows(page, /not known here/);
    await field.fill(KEYS.reader);
    await field.press('Enter');
    await shows(page, 'One row per trade, for plots');
    expect(await page.evaluate('[JSON.stringify(localStorage), document.cookie, location.href].join()')).not.toContain(
      KEYS.reader,
    );
    await page.getByRole('link', { name: 'Sources', exact: true }).first().click();
    const pause = page.getByRole('button', { name: 'Pause lake' });
    await expect.poll(() => pause.isDisabled()).toBe(true);
    expect(await pause.getAttribute('title')).toContain('admin');
    await page.getByRole('button', { name: 'Forget key' }).click();
    await shows(page, 'This server wants an API key');
  });

  test('a key that may only read hears what else a load would take', async () => {
    const page = await explorer.visit('#/datasets/broken', { url: explorer.urlWithKeys });
    await page.getByLabel('API key').fill(KEYS.reader);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Ask for the first rows' }).click();
    await shows(page.getByRole('alert'), 'Not allowed.', /fill/);
  });
});

describe('for everybody', () => {
  const views = (): readonly (readonly [string, string, string])[] => [
    ['the overview', '', 'trades'],
    ['a dataset', '#/datasets/trades', 'What it is made of'],
    ['an entry', `#/entries/${key}`, 'In order of logical time'],
    ['entries', '#/entries', 'Next 50'],
    ['work', '#/fills', 'Ended'],
    ['sources', '#/sources', 'lake'],
  ];

  const DARK = ['the overview', 'an entry'];

  test.each([
    { dark: false, phone: false },
    { dark: true, phone: true },
  ])('no view breaks a rule of axe-core or is wider than its screen (dark: $dark, phone: $phone)', async (look) => {
    for (const [name, hash, sign] of views()) {
      const page = await explorer.visit(hash, look);
      await shows(page, sign);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), name).toBeLessThanOrEqual(0);
      // Colours come from the same few names in every view: dark ones are looked at where most of them are.
      if (!look.dark || DARK.includes(name)) expect(await violations(page), name).toEqual([]);
      if (name === 'a dataset' && !look.dark) {
        await page.getByRole('button', { name: 'Invalidate dataset trades' }).click();
        expect(await violations(page), 'its dialog').toEqual([]);
      }
      await page.close();
    }
  });

  test('everything is reached by keyboard: the content, a filter, a dialog and the way back', async () => {
    const page = await explorer.visit('#/entries');
    await shows(page, 'Next 50');
    const focused = async (): Promise<string> =>
      (await page.evaluate('document.activeElement.id || document.activeElement.textContent')) as string;
    await page.keyboard.press('Tab');
    await expect.poll(focused).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await expect.poll(focused).toBe('content');
    await page.keyboard.press('/');
    await expect.poll(() => page.evaluate('document.activeElement.type')).toBe('search');
    await page.getByRole('link', { name: 'Sources', exact: true }).first().press('Enter');
    await shows(page, 'Where rows come from.', /idle/);
    await expect.poll(focused).toBe('Sources');
    const pause = page.getByRole('button', { name: 'Pause lake' });
    await pause.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Pause lake');
  });
});

describe('when something is away', () => {
  test('what is known stays while Redis is away, and the page says so until it is back', async () => {
    const page = await explorer.visit(`#/entries/${key}`);
    await shows(page, 'The next ask is answered at once.');
    await explorer.stage.redis.kill();
    await shows(page.getByRole('alert'), /Redis is away/);
    await shows(page, 'In order of logical time', '3,000');
    await explorer.stage.redis.start();
    await page.getByText(/Redis is away/).waitFor({ state: 'detached' });
  });

  test('no page of all these said anything wrong, asked another host, or met its own policy', () => {
    expect(explorer.trouble).toEqual([]);
  });
});

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const { violations: found } = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as AxeResult;
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}
