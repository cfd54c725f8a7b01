import { describe, expect, it } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import { loadConfig } from './load.ts';
import type { ConfigProblem } from './problems.ts';

const NO_FILES = (): string => {
  throw new Error('no files here');
};

function load(text: string, env: Record<string, string> = {}, readFile: (path: string) => string = NO_FILES) {
  return loadConfig(text, { env, readFile, path: '/etc/parqueue/parqueue.yaml' });
}

function problemsOf(
  text: string,
  env: Record<string, string> = {},
  readFile?: (path: string) => string,
): readonly ConfigProblem[] {
  try {
    load(text, env, readFile);
  } catch (error) {
    if (isParqueueError(error) && error.code === 'PQ_CONFIG') return error.details['problems'] as ConfigProblem[];
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const lines = (problems: readonly ConfigProblem[]): string[] =>
  problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);

describe('a configuration that is right', () => {
  it('needs nothing at all: every value has a default', () => {
    expect(load('')).toMatchInlineSnapshot(`
      {
        "auth": {
          "apiKeys": [],
        },
        "datasets": {},
        "limits": {
          "fill": {
            "bytesMax": 214748364800,
            "rowsMax": 2000000000,
            "timeoutMs": 14400000,
          },
          "queuePerSource": 1000,
          "sqlBytesMax": 65536,
          "waitersMax": 10000,
        },
        "listen": {
          "host": "127.0.0.1",
          "port": 8787,
        },
        "redis": {
          "durable": true,
          "url": null,
        },
        "sources": {},
        "store": {
          "fileMode": 416,
          "quotaBytes": null,
          "retention": {
            "generations": 3,
            "graceMs": 600000,
            "maxAgeMs": 604800000,
          },
          "root": "/etc/parqueue/var/store",
        },
        "worker": {
          "drainFinishMs": 600000,
          "leaseTtlMs": 30000,
          "listen": {
            "host": "127.0.0.1",
            "port": 8788,
          },
          "scratch": null,
          "threadMemoryBytes": 1073741824,
          "threads": 2,
        },
      }
    `);
  });

  it('keeps its flow mappings when references stand in them', () => {
    const text = 'redis:   { url: ${REDIS_URL}, durable: true }\n';
    expect(load(text, { REDIS_URL: 'redis://r:6379/2' }).redis).toEqual({ url: 'redis://r:6379/2', durable: true });
    expect(load(text).redis).toEqual({ url: null, durable: true });
    expect(load(text, { REDIS_URL: '' }).redis).toEqual({ url: null, durable: true });
  });
});
