/** Reading counters out of the Prometheus text format, as far as a proof needs them. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples of one scrape; comments and what is not a sample are left out. */
export function parseMetrics(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match === null || match[1] === undefined) return [];
    const labels = Object.fromEntries(
      [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name ?? '', value ?? '']),
    );
    return [{ name: match[1], labels, value: Number(match[3]) }];
  });
}

/** Sum of all samples of this name whose labels match. */
export function sumOf(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return samples
    .filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )
    .reduce((sum, { value }) => sum + value, 0);
}

const SCRAPE_WITHIN_MS = 5_000;

/** All samples of all these servers, one after the other. */
export async function scrape(urls: readonly string[]): Promise<readonly Sample[]> {
  const texts = await Promise.all(
    urls.map(async (url) => {
      const response = await fetch(new URL('/metrics', url), { signal: AbortSignal.timeout(SCRAPE_WITHIN_MS) });
      return await response.text();
    }),
  );
  return texts.flatMap(parseMetrics);
}
