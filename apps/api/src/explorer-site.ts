/**
 * The built page in memory: a handful of small files, read once when the process starts, each with its coded form. Names come from the folder and never from a request, so no path can lead anywhere else.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface SiteFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
}

export interface ExplorerSite {
  readonly page: SiteFile;
  /** By name below assets/, which has the hash of the content in it. */
  readonly assets: ReadonlyMap<string, SiteFile>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** null where nothing was built: everything else works without the page. */
export function readExplorerSite(folder: string): ExplorerSite | null {
  const page = join(folder, 'index.html');
  if (!existsSync(page)) return null;
  const names = readdirSync(join(folder, 'assets')).filter((name) => extname(name) in TYPES);
  return {
    page: siteFile(page),
    assets: new Map(names.map((name) => [name, siteFile(join(folder, 'assets', name))])),
  };
}

function siteFile(path: string): SiteFile {
  const body = readFileSync(path);
  return {
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    body,
    gzipped: gzipSync(body, { level: 9 }),
  };
}
