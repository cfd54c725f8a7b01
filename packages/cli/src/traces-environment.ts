/**
 * OpenTelemetry's own variables, for whoever sets them for all of their services at once: where traces go when the
 * configuration does not say. https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
import { ParqueueError } from '@parqueue/core';
import type { Config, TracesConfig } from '@parqueue/core/config';

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_RATIO = 1;

/** @throws ParqueueError PQ_CONFIG for an endpoint that is no URL */
export function withTracesOf(env: Environment, config: Config): Config {
  return { ...config, telemetry: { ...config.telemetry, traces: tracesOf(env, config.telemetry.traces) } };
}

function tracesOf(env: Environment, configured: TracesConfig | null): TracesConfig | null {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return null;
  if (configured !== null) return configured;
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? '';
  const shared = env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  // The variable for traces is the address itself; the one for all signals is the part before their paths.
  if (own !== '') return { url: checked(own), ratio: DEFAULT_RATIO, headers: {} };
  if (shared === '') return null;
  return { url: `${checked(shared).replace(/\/$/, '')}/v1/traces`, ratio: DEFAULT_RATIO, headers: {} };
}

function checked(url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url;
  throw new ParqueueError(
    'PQ_CONFIG',
    'OTEL_EXPORTER_OTLP_ENDPOINT is no address such as http://collector:4318: traces are sent by OTLP over HTTP',
  );
}
