/** A configuration that may be shown: the same, without what would let its reader in. */
import type { Config, SourceConfig, TracesConfig } from './config.ts';

const HIDDEN = '***';

export function redactConfig(config: Config): Config {
  return {
    ...config,
    redis: { ...config.redis, url: config.redis.url === null ? null : redactUrl(config.redis.url) },
    auth: { apiKeys: config.auth.apiKeys.map((key) => ({ ...key, sha256: HIDDEN })) },
    telemetry: { traces: config.telemetry.traces === null ? null : redactTraces(config.telemetry.traces) },
    sources: Object.fromEntries(Object.entries(config.sources).map(([name, source]) => [name, redactSource(source)])),
  };
}

function redactTraces(traces: TracesConfig): TracesConfig {
  const headers = Object.fromEntries(Object.keys(traces.headers).map((name) => [name, HIDDEN]));
  return { ...traces, url: redactUrl(traces.url), headers };
}

/** A connect string is shown as its identity's twin: people write passwords and tokens into what follows a `?`. */
function redactSource(source: SourceConfig): SourceConfig {
  if (source.kind === 'file') return source;
  if (source.kind !== 'oracle') return { ...source, password: HIDDEN };
  return {
    ...source,
    connectString: source.connectString.replace(/\?.*$/s, `?${HIDDEN}`),
    password: HIDDEN,
    walletPassword: source.walletPassword === null ? null : HIDDEN,
  };
}

/** User, password and query may each be a secret; host, port and database are not. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return HIDDEN;
  const url = new URL(text);
  if (url.username !== '') url.username = HIDDEN;
  if (url.password !== '') url.password = HIDDEN;
  if (url.search !== '') url.search = `?${HIDDEN}`;
  return url.href;
}
