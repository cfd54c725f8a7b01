/**
 * The pictures of the page in docs/images: a stack of its own with made-up rows, one picture a view, light and dark, wide
 * and narrow. Run it by `npm run screenshots` when the page has changed.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { Stage } from '../e2e/api-stage.ts';
import { launchChromium } from './chromium.ts';
import { fillWithSales, SALES_DATASETS, SALES_SOURCES } from './screenshot-rows.ts';

/** From the built output, two folders further down. */
const IMAGES = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const BYTES_MAX = 200_000;

interface Picture {
  readonly name: string;
  readonly hash: string;
  /** Seen before the picture is taken. */
  readonly sign: string;
  readonly dark?: boolean;
  readonly phone?: boolean;
  readonly height?: number;
  /** Of the section that is scrolled to the top. */
  readonly heading?: string;
}

await mkdir(IMAGES, { recursive: true });
await using stage = await Stage.open({ sources: SALES_SOURCES, datasets: SALES_DATASETS, api: { tellAsksMs: 100 } });
const entry = await fillWithSales(stage);
const browser = await launchChromium();
try {
  const pictures: readonly Picture[] = [
    { name: 'explorer-overview', hash: '', sign: 'Every order of the year', height: 760 },
    { name: 'explorer-overview-dark', hash: '', sign: 'Every order of the year', height: 760, dark: true },
    { name: 'explorer-entry', hash: `#/entries/${entry}`, sign: 'In order of logical time', height: 620 },
    { name: 'explorer-columns', hash: `#/entries/${entry}`, sign: 'counted over', heading: 'columns', height: 640 },
    { name: 'explorer-dataset', hash: '#/datasets/quotes', sign: 'Ask for the first rows', height: 820, dark: true },
    { name: 'explorer-sources', hash: '#/sources', sign: 'Where rows come from', height: 520 },
    { name: 'explorer-phone', hash: '', sign: 'orders', phone: true },
  ];
  for (const picture of pictures) await take(await browser.newPage(), picture);
} finally {
  await browser.close();
}

async function take(
  page: Page,
  { name, hash, sign, dark = false, phone = false, height = 740, heading }: Picture,
): Promise<void> {
  await page.setViewportSize({ width: phone ? 360 : 1180, height });
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
  await page.goto(`${stage.url}/${hash}`);
  await page.getByText(sign).filter({ visible: true }).first().waitFor();
  await page.waitForLoadState('load');
  await page.getByText('live', { exact: true }).waitFor();
  if (heading !== undefined) await page.evaluate(`document.getElementById('section-${heading}').scrollIntoView()`);
  const path = join(IMAGES, `${name}.png`);
  await page.screenshot({ path });
  await page.close();
  const { size } = await stat(path);
  console.log(`${name}.png: ${Math.round(size / 1024)} KiB`);
  if (size > BYTES_MAX) throw new Error(`${name}.png has ${size} bytes: a document should stay light`);
}
