/** The page that bull-board's program runs in: its scripts and styles by the names that its package gave them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UIConfig } from '@bull-board/api/typings/app';

export interface Assets {
  readonly scripts: readonly string[];
  readonly styles: readonly string[];
}

/** @throws Error where another release of the package has its page written otherwise */
export function readAssets(viewsFolder: string): Assets {
  const page = readFileSync(join(viewsFolder, 'index.ejs'), 'utf8');
  const scripts = [...page.matchAll(/<script defer src="(static\/[^"]+)">/g)].map(([, path = '']) => path);
  const styles = [...page.matchAll(/<link href="(static\/[^"]+\.css)" rel="stylesheet">/g)].map(
    ([, path = '']) => path,
  );
  if (scripts.length === 0 || styles.length === 0)
    throw new Error('the page of @bull-board/ui names no scripts or styles');
  return { scripts, styles };
}

export function boardPage({
  base,
  config,
  assets,
}: {
  readonly base: string;
  readonly config: UIConfig;
  readonly assets: Assets;
}): string {
  // A block of data is never run, and cannot end early.
  const data = JSON.stringify(config).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<base href="${base}">
<title>${config.boardTitle ?? ''}</title>
<link rel="icon" type="image/svg+xml" href="${config.favIcon?.default ?? ''}">
${assets.styles.map((path) => `<link rel="stylesheet" href="${path}">`).join('\n')}
</head>
<body>
<script id="__UI_CONFIG__" type="application/json">${data}</script>
<div id="root">Loading</div>
${assets.scripts.map((path) => `<script defer src="${path}"></script>`).join('\n')}
</body>
</html>
`;
}
