/** nginx, where the set-up found or fetched one (scripts/setup-nginx.mjs). */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './root.ts';

interface SetUp {
  readonly nginxPath: () => string | null;
}

const setUp = (await import(pathToFileURL(join(ROOT, 'scripts/setup-nginx.mjs')).href)) as SetUp;

/** null: there is none on this machine. */
export const NGINX = setUp.nginxPath();
