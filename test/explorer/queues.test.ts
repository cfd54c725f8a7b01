/** /queues in a real Chromium: its program runs under a policy without anything inline or foreign, behind a browser's log-in. */
import { createHash } from 'node:crypto';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Stage } from '../e2e/api-stage.ts';
import { launchChromium } from './chromium.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const KEYS = `auth:
  apiKeys:
    - { name: admin, sha256: ${sha256('admin')}, scopes: [read, fill, adhoc, admin] }
`;

let stage: Stage;
const contexts: BrowserContext[] = [];
const trouble: string[] = [];

beforeAll(async () => {
  stage = await Stage.open({ yaml: KEYS });
  await stage.writeWords('one');
  const asked = await stage.get('/v1/datasets/words.parquet', { authorization: 'Bearer admin' });
  expect(asked.status).toBe(200);
});

afterAll(async () => {
  for (const context of contexts) await context.browser()?.close();
  await stage[Symbol.asyncDispose]();
});

/** As from elsewhere, where this host's exception does not hold. */
async function visit(path: string, key: string): Promise<Page> {
  const context = await (
    await launchChromium()
  ).newContext({
    httpCredentials: { username: 'anybody', password: key },
    extraHTTPHeaders: { 'x-forwarded-for': '203.0.113.9' },
  });
  contexts.push(context);
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) trouble.push(message.text());
  });
  page.on('pageerror', (error) => trouble.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(stage.url) && !request.url().startsWith('data:')) trouble.push(request.url());
  });
  await page.goto(`${stage.url}${path}`);
  return page;
}

test('an administrator looks at a job, and sees what it asks', async () => {
  const page = await visit('/queues', 'admin');
  await page.getByText('fill-lake').first().click();
  await page.getByText('words.csv').first().waitFor();
  expect(await page.title()).toContain('Parqueue');
  expect(trouble).toEqual([]);
});
