/** Where the built program of this name is: processes run on built output, whoever starts them. */
import { fileURLToPath } from 'node:url';

export function programOf(name: string): string {
  const folder = import.meta.url.endsWith('.ts') ? '../dist/chaos/' : './';
  return fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
}
