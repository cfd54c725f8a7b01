/**
 * The page on a real stack: API, worker, Redis and store with rows in it, and a Chromium that tells whatever goes wrong in
 * the page. A second API over the same Redis wants keys.
 */
import { createHash } from 'node:crypto';
import { startApi, type RunningApi } from '@parqueue/api';
import type { ApiKey } from '@parqueue/core/config';
import { connectRedis, PREFIX, queueName } from '@parqueue/core/redis';
import { Worker } from 'bullmq';
import type { BrowserContext, Page } from 'playwright-core';
import { Stage } from '../e2e/api-stage.ts';
import { launchChromium } from './chromium.ts';

export const KEYS = { reader: 'a-key-that-may-read', admin: 'a-key-that-may-do-all' } as const;

/** More entries than one page of the list has. */
export const MARKETS = 2;
export const YEARS = 30;
const FIRST_YEAR = 2000;

const DATASETS = `
  trades:
    description: One row per trade, for plots
    source: lake
    path: trades.csv
    columns: { amount: "decimal(12,2)" }
    freshness: { maxAge: 1h, staleWhileRevalidate: 1d, staleIfError: 2d }
  slow: { source: lake, path: words.csv, select: [word] }
`;

export interface VisitOptions {
  readonly url?: string;
  readonly phone?: boolean;
  readonly dark?: boolean;
}

export class ExplorerStage implements AsyncDisposable {
  readonly stage: Stage;
  /** Messages of the page's console and requests to other hosts; a good page has none. */
  readonly trouble: string[] = [];
  readonly #context: BrowserContext;
  readonly #withKeys: RunningApi;

  private constructor(stage: Stage, context: BrowserContext, withKeys: RunningApi) {
    this.stage = stage;
    this.#context = context;
    this.#withKeys = withKeys;
  }

  static async open(): Promise<ExplorerStage> {
    const stage = await Stage.open({ datasets: DATASETS, api: { tellAsksMs: 100 } });
    await fill(stage);
    const apiKeys = [keyOf('looker', KEYS.reader, ['read']), keyOf('boss', KEYS.admin, ['read', 'fill', 'admin'])];
    const config = { ...stage.config, auth: { ...stage.config.auth, apiKeys } };
    const withKeys = await startApi({ config, log: stage.log });
    const context = await (await launchChromium()).newContext();
    context.setDefaultTimeout(60_000);
    return new ExplorerStage(stage, context, withKeys);
  }

  get urlWithKeys(): string {
    return this.#withKeys.url;
  }

  /** A tab of its own: what is kept in its session is nobody else's. */
  async visit(hash: string, { url = this.stage.url, phone = false, dark = false }: VisitOptions = {}): Promise<Page> {
    const page = await this.#context.newPage();
    await page.setViewportSize(phone ? { width: 360, height: 740 } : { width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
    page.on('console', (message) => {
      // A browser notes every answer that is a refusal; those are what some of these tests are about.
      const refused = /\/(v1|readyz)\b/.test(message.location().url);
      if (message.type() === 'error' && !refused) this.trouble.push(message.text());
    });
    page.on('pageerror', (error) => this.trouble.push(error.message));
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) this.trouble.push(`asked ${request.url()}`);
    });
    await page.goto(`${url}/${hash}`);
    return page;
  }

  /** A browser has six connections to a server, and every tab that is looked at holds one for its events. */
  async closeTabs(): Promise<void> {
    await Promise.all(this.#context.pages().map((page) => page.close()));
  }

  /**
   * Takes the next load in a worker's place, tells how far it is, and ends it when told to: only so is a load certain to run
   * for as long as somebody looks.
   */
  async takeLoad(progress: object): Promise<{ end(): Promise<void> }> {
    const connection = connectRedis({ url: this.stage.redis.url }, 'worker');
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let taken: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const worker = new Worker(
      queueName('fill', 'lake'),
      async (job) => {
        await job.updateProgress(progress);
        taken();
        await ended;
      },
      { connection, prefix: PREFIX },
    );
    await running;
    return {
      async end() {
        end();
        await worker.close();
        connection.disconnect();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.browser()?.close();
    await this.#withKeys.close();
    await this.stage[Symbol.asyncDispose]();
  }
}

/** Seeded by arithmetic: the same rows in every run. */
async function fill(stage: Stage): Promise<void> {
  const trades = Array.from({ length: 3_000 }, (_, at) => {
    const amount = ((at * 7_919) % 1_000) / 10;
    const day = new Date(Date.UTC(2026, 0, 1 + (at % 200))).toISOString().slice(0, 10);
    return `${at + 1},${['north', 'south', 'south', 'east'][at % 4]},${day},${amount.toFixed(2)},${at % 5 === 0 ? '' : at % 7}`;
  });
  await stage.writeSource('trades.csv', `id,region,day,amount,discount\n${trades.join('\n')}\n`);
  await stage.writeWords('one', 'two', 'three');
  const prices = `id,price\n1,2.5\n`;
  for (let year = FIRST_YEAR; year < FIRST_YEAR + YEARS; year += 1) {
    for (let market = 0; market < MARKETS; market += 1)
      await stage.writeSource(`prices/m${'ab'[market]}-${year}.csv`, prices);
  }
  const asks = Array.from(
    { length: YEARS * MARKETS },
    (_, at) => `/v1/datasets/prices.json?market=m${'ab'[at % MARKETS]}&year=${FIRST_YEAR + Math.floor(at / MARKETS)}`,
  );
  for (const path of ['/v1/datasets/trades.json', '/v1/datasets/trades.json', '/v1/datasets/words.json', ...asks]) {
    const response = await stage.get(path);
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    await response.arrayBuffer();
  }
}

function keyOf(name: string, secret: string, scopes: ApiKey['scopes']): ApiKey {
  const limits = { requestsPerSecond: null, burst: 100, concurrent: 100 };
  return { name, sha256: sha256(secret), scopes, datasets: ['*'], expiresAtMs: null, limits };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
