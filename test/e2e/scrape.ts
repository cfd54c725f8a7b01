/** One scrape of a server's /metrics, read as Prometheus reads it. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly help: string;
  readonly type: string;
}

export class Scrape {
  readonly text: string;
  readonly families: ReadonlyMap<string, Family>;
  readonly samples: readonly MetricSample[];

  constructor(text: string) {
    this.text = text;
    const help = new Map(
      [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, words]) => [name ?? '', words ?? '']),
    );
    this.families = new Map(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [
        name ?? '',
        { help: help.get(name ?? '') ?? '', type: type ?? '' },
      ]),
    );
    this.samples = text.split('\n').flatMap(sampleOf);
  }

  /** Of a family: those of its histogram's series included. */
  samplesOf(family: string): readonly MetricSample[] {
    const histogram = this.families.get(family)?.type === 'histogram';
    const names = new Set(histogram ? ['_bucket', '_sum', '_count'].map((end) => `${family}${end}`) : [family]);
    return this.samples.filter(({ name }) => names.has(name));
  }

  labelsOf(family: string): readonly string[] {
    return [...new Set(this.samplesOf(family).flatMap(({ labels }) => Object.keys(labels)))];
  }

  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.samples
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }
}

export async function readScrape(url: string): Promise<Scrape> {
  const response = await fetch(`${url}/metrics`);
  if (response.status !== 200) throw new Error(`${url}/metrics: ${response.status}`);
  return new Scrape(await response.text());
}

function sampleOf(line: string): readonly MetricSample[] {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) return [];
  const labels = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]);
  return [
    { name: match[1] ?? '', labels: Object.fromEntries(labels) as Record<string, string>, value: Number(match[3]) },
  ];
}
