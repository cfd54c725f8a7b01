/** Where the built page is: index.html, and below assets/ files that are named by their content. The API serves them. */
import { fileURLToPath } from 'node:url';

/** The same from sources and from the built output. */
export const SITE_FOLDER = fileURLToPath(new URL('../dist/site/', import.meta.url));
