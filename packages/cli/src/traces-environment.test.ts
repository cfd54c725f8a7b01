import { loadConfig } from '@parqueue/core/config';
import { expect, test } from 'vitest';
import { withTracesOf } from './traces-environment.ts';

const OFF = loadConfig('{}', { path: '/x.yaml', env: {}, readFile: () => '' });
const text = 'telemetry: { traces: { url: "http://ours/v1/traces", ratio: 10% } }';
const ON = loadConfig(text, { path: '/x.yaml', env: {}, readFile: () => '' });

test('traces are off where neither the configuration nor the environment says where they go', () => {
  expect(withTracesOf({}, OFF).telemetry.traces).toBeNull();
});

test("OpenTelemetry's variables say where, each in its own way, and the configuration goes before them", () => {
  const urlOf = (env: Record<string, string>) => withTracesOf(env, OFF).telemetry.traces?.url;
  expect(urlOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318/' })).toBe('http://all:4318/v1/traces');
  expect(urlOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://own:4318/x' })).toBe('http://own:4318/x');
  const configured = withTracesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318' }, ON).telemetry.traces;
  expect(configured).toEqual({ url: 'http://ours/v1/traces', ratio: 0.1, headers: {} });
});

test('whoever turns OpenTelemetry off has turned it off', () => {
  expect(withTracesOf({ OTEL_SDK_DISABLED: 'true' }, ON).telemetry.traces).toBeNull();
  expect(withTracesOf({ OTEL_TRACES_EXPORTER: 'none' }, ON).telemetry.traces).toBeNull();
});

test('an address for another protocol is refused by name', () => {
  expect(() => withTracesOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' }, OFF)).toThrow(/OTLP over HTTP/);
});
