import fastify, { type FastifyInstance } from 'fastify';
import { beforeAll, describe, expect, it } from 'vitest';
import { referencePage } from './reference-page.ts';

const DOCUMENT = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: {} };

let app: FastifyInstance;

beforeAll(async () => {
  app = fastify();
  await referencePage(app, () => DOCUMENT);
});

describe('/docs', () => {
  it('is a page whose policy allows nothing of another host', async () => {
    const page = await app.inject('/docs');
    expect(page.statusCode).toBe(200);
    const policy = String(page.headers['content-security-policy']);
    const sources = policy.split(';').flatMap((directive) => directive.trim().split(' ').slice(1));
    expect(new Set(sources)).toEqual(new Set(["'none'", "'self'", "'unsafe-inline'", 'data:']));
    expect(policy).toMatch(/default-src 'none'.*script-src 'self';/);
  });

  it('names only what this server serves, and so do the styles and scripts that it names', async () => {
    const queue = ['/docs'];
    const seen = new Set<string>();
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const answer = await app.inject(path);
      expect(answer.statusCode, path).toBe(200);
      const named = path.endsWith('.css')
        ? urlsOfStyle(answer.body)
        : /\.(js|png)$/.test(path)
          ? []
          : urlsOfPage(answer.body);
      expect(
        named.filter((url) => /^(https?:)?\/\//.test(url)),
        path,
      ).toEqual([]);
      queue.push(...named.map((url) => new URL(url, `http://here${path}`).pathname));
    }
    expect([...seen].filter((path) => path.endsWith('.js')).length).toBeGreaterThan(2);
  });

  it('reads the document of this server, and asks nobody to judge it', async () => {
    const { body } = await app.inject('/docs/static/swagger-initializer.js');
    expect(body).toContain('validatorUrl: null');
    expect((await app.inject('/docs/json')).json()).toEqual(DOCUMENT);
  });
});

function urlsOfPage(html: string): readonly string[] {
  return [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, url]) => url ?? '');
}

function urlsOfStyle(css: string): readonly string[] {
  return [...css.matchAll(/url\(["']?([^)"']+)["']?\)/g)]
    .map(([, url]) => url ?? '')
    .filter((url) => !url.startsWith('data:'));
}
