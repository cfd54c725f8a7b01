/** Rows for the pictures: seeded, so that a picture changes only when the page does; made up, so that they look like something. */
import type { Stage } from '../e2e/api-stage.ts';

export const SALES_SOURCES = '  archive: { kind: file, root: ./archive }\n';

export const SALES_DATASETS = `
  orders:
    description: Every order of the year, from the shop's export
    source: lake
    path: orders.csv
    columns: { amount: "decimal(12,2)", ordered_at: timestamptz }
    freshness: { maxAge: 15m, staleWhileRevalidate: 1h, staleIfError: 1d }
  quotes:
    description: Daily prices of one market
    source: lake
    path: "quotes/{market}.csv"
    params: { market: { type: string, pattern: "[a-z]+", description: "Name of the market, such as xetra" } }
    freshness: { maxAge: 60s, staleWhileRevalidate: 10m, staleIfError: 1d }
    columns: { price: "decimal(18,4)" }
  nightly: { description: What the night job leaves behind, source: archive, path: report.csv, freshness: { staleIfError: 7d } }
`;

const ORDERS = 20_000;
const MARKETS = ['xetra', 'lse', 'nyse', 'tse'];
const REGIONS = ['north', 'south', 'east', 'west', 'centre'];
const CHANNELS = ['web', 'shop', 'phone', 'partner'];

/** @returns the key of the entry to look at */
export async function fillWithSales(stage: Stage): Promise<string> {
  const chance = mulberry32(7);
  const bell = (): number => chance() + chance() + chance() + chance() - 2;
  const pick = (values: readonly string[], bend: number): string =>
    values[Math.floor(chance() ** bend * values.length)] ?? '';
  const orders = Array.from({ length: ORDERS }, (_, at) => {
    const hour = Math.min(23, Math.max(0, Math.round(13 + bell() * 5)));
    const when = new Date(Date.UTC(2026, 0, 1 + Math.floor((at * 320) / ORDERS), hour, Math.floor(chance() * 60)));
    const discount = chance() < 0.7 ? '' : (chance() * 30).toFixed(1);
    const note = chance() < 0.9 ? '' : '"gift, please wrap"';
    const amount = Math.exp(3.6 + bell() * 1.1).toFixed(2);
    return `${at + 1},C${10_000 + Math.floor(chance() ** 2 * 4_000)},${pick(REGIONS, 1.4)},${when.toISOString()},${amount},${discount},${pick(CHANNELS, 1.8)},${note}`;
  });
  await stage.writeSource(
    'orders.csv',
    `id,customer,region,ordered_at,amount,discount,channel,note\n${orders.join('\n')}\n`,
  );
  await stage.writeWords('one', 'two', 'three');
  for (const market of MARKETS) {
    let price = 40 + 100 * chance();
    const days = Array.from({ length: 600 }, (_, at) => {
      price = Math.max(1, price * (1 + bell() * 0.01));
      return `${new Date(Date.UTC(2025, 0, 1 + at)).toISOString().slice(0, 10)},${price.toFixed(4)}`;
    });
    await stage.writeSource(`quotes/${market}.csv`, `day,price\n${days.join('\n')}\n`);
  }
  const asks = [
    ...MARKETS.flatMap((market) => [1, 2, 3, 4].map(() => `/v1/datasets/quotes.parquet?market=${market}`)),
    ...Array.from({ length: 25 }, () => '/v1/datasets/orders.parquet'),
    ...[1, 2, 3].map(() => '/v1/datasets/words.json'),
    '/v1/datasets/nightly.parquet',
  ];
  for (const path of asks) await (await stage.get(path)).arrayBuffer();
  const { entries } = (await (await stage.get('/v1/entries?dataset=orders')).json()) as { entries: { key: string }[] };
  return entries[0]?.key ?? '';
}

/** https://github.com/cprosche/mulberry32 */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
