import { expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { redactConfig, redactUrl } from './redact.ts';

it('a configuration that is shown keeps no secret and all the rest', () => {
  const text = `redis: { url: "redis://user:p%40ss@redis:6379/3?x=tok" }\nauth: { apiKeys: [ { name: bi, sha256: ${'ab'.repeat(32)}, scopes: [read] } ] }`;
  const config = loadConfig(text, { env: {}, readFile: () => '', path: '/x.yaml' });
  const shown = redactConfig(config);
  expect(shown.redis.url).toBe('redis://***:***@redis:6379/3?***');
  expect(JSON.stringify(shown)).not.toMatch(/p%40ss|tok|abab/);
  expect({ ...shown, redis: config.redis, auth: config.auth }).toEqual(config);
});

it('where traces go is shown, and with what right is not', () => {
  const text = `telemetry: { traces: { url: "https://u:pw@collector/v1/traces", headers: { authorization: Bearer tok } } }`;
  const shown = redactConfig(loadConfig(text, { env: {}, readFile: () => '', path: '/x.yaml' }));
  expect(shown.telemetry.traces).toEqual({
    url: 'https://***:***@collector/v1/traces',
    ratio: 1,
    headers: { authorization: '***' },
  });
});

it('a URL without secrets stays as it is, and what is no URL is hidden', () => {
  expect(redactUrl('redis://redis:6379/0')).toBe('redis://redis:6379/0');
  expect(redactUrl('redis://:pw@redis')).toBe('redis://:***@redis');
  expect(redactUrl('not a url with pw')).toBe('***');
});
