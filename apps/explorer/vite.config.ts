/**
 * How the page is built: one script and one style sheet, named by their content, and a page that refers to both by
 * relative paths, so that it works below any path of a reverse proxy. Nothing is inlined: the page's policy forbids it.
 */
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  build: {
    outDir: 'dist/site',
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  // `npx vite apps/explorer` beside `npm start`.
  server: {
    port: 8788,
    proxy: Object.fromEntries(['/v1', '/healthz', '/readyz'].map((path) => [path, 'http://127.0.0.1:8787'])),
  },
});
