/** One plain page: what this is, what can be asked, and how. No scripts, no assets. */
import type { DatasetConfig } from '@parqueue/core/config';

export interface HomePage {
  readonly version: string;
  readonly origin: string;
  readonly datasets: readonly DatasetConfig[];
}

export function homePage({ version, origin, datasets }: HomePage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parqueue</title>
<style>
  :root { color-scheme: light dark; --faint: #f4f4f4; --line: #ddd; }
  @media (prefers-color-scheme: dark) { :root { --faint: #2a2a2a; --line: #444; } }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  code, pre { font: 14px/1.5 ui-monospace, monospace; background: var(--faint); border-radius: 4px; padding: .1em .3em; }
  pre { padding: .8em; }
  pre, .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .4em .8em .4em 0; border-bottom: 1px solid var(--line); vertical-align: top; }
</style>
</head>
<body>
<h1>Parqueue</h1>
<p>Answers slow questions from Parquet files while they still tell the truth. When one does not, exactly one load runs, off to the side.</p>
<h2>Datasets</h2>
${datasets.length === 0 ? '<p>None are declared yet: add one under <code>datasets</code> in the configuration.</p>' : table(datasets)}
<h2>Ask</h2>
${example(origin, datasets[0])}
<h2>Look</h2>
<ul>
<li><a href="/v1/datasets">/v1/datasets</a>: the catalog</li>
<li><a href="/v1/entries">/v1/entries</a>: what is in the cache</li>
<li><a href="/v1/fills">/v1/fills</a>: loads and checks under way</li>
<li><a href="/v1/sources">/v1/sources</a>: systems of record and their queues</li>
<li><a href="/docs">/docs</a>: this interface, to read and to try; <a href="/openapi.json">/openapi.json</a>: the same for programs</li>
<li><a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a>: operations</li>
</ul>
<p><small>Version ${text(version)}</small></p>
</body>
</html>
`;
}

function table(datasets: readonly DatasetConfig[]): string {
  const rows = datasets.map(({ name, description, source, params, freshness }) => {
    const names = Object.values(params).map(
      (param) => `<code>${text(param.name)}</code>${param.required ? '' : ' (optional)'}`,
    );
    const link =
      names.length === 0
        ? `<a href="/v1/datasets/${text(name)}">${text(name)}</a> ${looks(name)}`
        : `<a href="/v1/datasets/${text(name)}">${text(name)}</a>`;
    return `<tr><td>${link}</td><td>${text(source)}</td><td>${names.join(', ')}</td><td>${text(freshness.version)}</td><td>${text(description ?? '')}</td></tr>`;
  });
  return `<div class="wide"><table><thead><tr><th>Name</th><th>Source</th><th>Parameters</th><th>Version</th><th></th></tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table></div>`;
}

/** Each a look at the first rows; all of them are a file to be fetched. */
function looks(name: string): string {
  const links = ['json', 'csv', 'arrow'].map(
    (suffix) => `<a href="/v1/datasets/${text(name)}.${suffix}?limit=20">.${suffix}</a>`,
  );
  return `<small>${links.join(' ')} <a href="/v1/datasets/${text(name)}.parquet">.parquet</a></small>`;
}

function example(origin: string, dataset: DatasetConfig | undefined): string {
  const name = dataset?.name ?? 'NAME';
  const query = Object.values(dataset?.params ?? {})
    .filter(({ required }) => required)
    .map((param) => `${param.name}=…`)
    .join('&');
  const url = `${origin}/v1/datasets/${name}`;
  const tail = query === '' ? '' : `?${query}`;
  const limited = `${tail === '' ? '?' : `${tail}&`}limit=5`;
  return `<pre>${text(`curl -o ${name}.parquet '${url}.parquet${tail}'
curl '${url}.json${limited}'
curl '${url}.csv${limited}'
curl -o ${name}.arrow '${url}.arrow${limited}'
curl -sI '${url}.parquet${tail}' | grep -i cache-status`)}</pre>`;
}

function text(raw: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return raw.replace(/[&<>"']/g, (character) => names[character] ?? character);
}
