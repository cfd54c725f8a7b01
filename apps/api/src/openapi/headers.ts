/** Every header that requests may carry and answers have, told once; routes list them by name. */
import { GENERATION_NUMBER, CONSISTENCY, KEY_TEXT, VERSION_TEXT } from '../views/entry-schema.ts';
import { COORDINATION_DOWN } from '../http/cache-status.ts';
import { oneOf, text, whole, type Schema } from './schema.ts';

const HTTP_DATE = text('A date of HTTP, in whole seconds.', 'Sun, 22 Nov 2026 06:49:42 GMT');

/** By name; the description of each is that of its schema. */
export const ANSWER_HEADERS = {
  'Accept-Ranges': oneOf('`bytes` where a Range is honoured: of Parquet, unless degraded.', ['bytes', 'none']),
  Age: whole('Seconds since the work began that last proved the rows right.', 12),
  Allow: text('The methods that the resource has.', 'GET, HEAD'),
  'Cache-Control': text(
    "The dataset's policy for caches on the way, whatever this caller tolerates; `no-store` of what is about the cache.",
    'private, max-age=60, stale-while-revalidate=600',
    'public, max-age=31536000, immutable',
  ),
  'Cache-Status': text(
    'RFC 9211. `hit` (`detail=revalidated`: the source was asked whether it still holds), `fwd=miss; stored` (loaded for '
      + "this ask; `collapsed`: it shared somebody else's load), `fwd=stale; detail=…` (older than wanted, as the policy allows).",
    'parqueue; hit; detail=revalidated; ttl=0; key="sales-6d1f0c5ab8e24c17a3d9b6f0"',
  ),
  'Content-Disposition': text('What to call the rows where they are saved.', 'attachment; filename="sales.csv"'),
  'Content-Encoding': oneOf('Coding of a text form, as Accept-Encoding asks.', ['gzip', 'zstd']),
  'Content-Length': whole('Size of the body, in bytes.', 1_048_576),
  'Content-Location': text('The immutable URL of these very bytes.'),
  'Content-Range': text('Which bytes of how many.', 'bytes 0-65535/1048576', 'bytes */1048576'),
  'Content-Security-Policy': text(
    'What a page may load: nothing of another host, and of anything but a page nothing at all.',
  ),
  'Cross-Origin-Opener-Policy': text('same-origin.'),
  'Cross-Origin-Resource-Policy': text('same-origin: pages of other sites may not embed this.'),
  ETag: text(
    'SHA-256 of the Parquet bytes: equal rows written equally have equal tags, also after a reload. Weak for other forms.',
    '"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
  ),
  'Last-Modified': HTTP_DATE,
  Link: text(
    '`rel="next"`: the next window of the rows.',
    '</v1/datasets/sales.json?limit=100&offset=100>; rel="next"',
  ),
  Location: text('The URL of the fill to wait for, or of the pin that was made.', '/v1/fills/lake.fill.5f0c1a2b'),
  'Parqueue-Consistency': CONSISTENCY,
  'Parqueue-Degraded': oneOf('The answer is from the store alone, as the policy allows: Redis cannot be used.', [
    COORDINATION_DOWN,
  ]),
  'Parqueue-Fill': text('Send it with the same request to continue this ask.', 'lake.fill.5f0c1a2b'),
  'Parqueue-Generation': GENERATION_NUMBER,
  'Parqueue-Key': KEY_TEXT,
  'Parqueue-Rows': whole('All rows of the generation, whatever the window.', 50_000),
  'Parqueue-Version': VERSION_TEXT,
  'Preference-Applied': text('What of Prefer was honoured.', 'wait=5'),
  RateLimit: text(
    'Where the key has a rate: requests that it may begin now (`r`), and seconds until it may begin all of them (`t`).',
    '"requests";r=19;t=1',
  ),
  'RateLimit-Policy': text(
    'Where the key has a rate: requests that it may begin at once (`q`), and seconds in which they come back (`w`).',
    '"requests";q=20;w=2',
  ),
  'Referrer-Policy': text('no-referrer.'),
  'Repr-Digest': text('RFC 9530: the same hash as the ETag.', 'sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:'),
  'Retry-After': whole('Seconds after which asking again may help.', 2),
  Vary: text('What of a request an answer depends on.', 'Authorization, X-API-Key, Accept, Accept-Encoding'),
  'WWW-Authenticate': text('How to show a key.', 'Bearer realm="parqueue"'),
  'X-Accel-Buffering': text('`no`: proxies pass events on at once.'),
  'X-Content-Type-Options': text('nosniff.'),
  'X-Frame-Options': text('DENY.'),
  'X-Request-Id': text("The caller's own where it sent one; it is in the log lines of the work it caused."),
} as const satisfies Readonly<Record<string, Schema>>;

export type AnswerHeader = keyof typeof ANSWER_HEADERS;

/** Every answer has these; the two of a rate where its key has one. */
export const HEADERS_OF_ALL = [
  'X-Request-Id',
  'Cache-Control',
  'RateLimit',
  'RateLimit-Policy',
  'Content-Security-Policy',
  'Cross-Origin-Opener-Policy',
  'Cross-Origin-Resource-Policy',
  'Referrer-Policy',
  'X-Content-Type-Options',
  'X-Frame-Options',
] as const satisfies readonly AnswerHeader[];

/** Of every answer with rows, whatever its form; a 304 has them too. */
export const DATA_HEADERS = [
  'ETag',
  'Last-Modified',
  'Vary',
  'Cache-Control',
  'Cache-Status',
  'Accept-Ranges',
  'Content-Disposition',
  'Parqueue-Key',
  'Parqueue-Generation',
  'Parqueue-Version',
  'Parqueue-Consistency',
  'Parqueue-Rows',
] as const satisfies readonly AnswerHeader[];

export const REQUEST_HEADERS = {
  Accept: text('The wanted representation; `format` wins over it.', 'application/vnd.apache.parquet', 'text/csv'),
  'Accept-Encoding': text(
    'Text forms come in gzip or zstd where wanted; Parquet and Arrow as they are.',
    'gzip',
    'zstd, gzip',
  ),
  'Cache-Control': text(
    '`no-cache` verifies now, `max-age=N` wants nothing older, `max-stale[=N]` takes an older answer as far as the policy '
      + 'allows any, `only-if-cached` never touches the source.',
    'no-cache',
  ),
  'If-Match': text('412 unless the content is one of these.'),
  'If-None-Match': text('304 where the content is one of these.'),
  'If-Modified-Since': HTTP_DATE,
  'If-Unmodified-Since': HTTP_DATE,
  'If-Range': text('The Range is honoured only of this content; otherwise everything is sent.'),
  Range: text('One range of the Parquet bytes.', 'bytes=0-65535', 'bytes=-8'),
  Prefer: text('`wait=N`: seconds to wait for the rows (30 if nothing is said); `respond-async`: none.', 'wait=5'),
  'Last-Event-ID': text('Id of the last event that was heard; what came behind it is told first.', '1763806000000-0'),
  'Parqueue-Fill': text('Continues the ask that was answered 202 with this id.', 'lake.fill.5f0c1a2b'),
  'X-Request-Id': text('An id of your own for this request: 1 to 128 letters, digits, dots, dashes and underscores.'),
} as const satisfies Readonly<Record<string, Schema>>;

export type RequestHeader = keyof typeof REQUEST_HEADERS;

/** What any question may be asked with. */
export const ASK_HEADERS = ['Cache-Control', 'Prefer', 'Parqueue-Fill'] as const satisfies readonly RequestHeader[];

/** What rows may be asked with. */
export const DATA_REQUEST_HEADERS = [
  'Accept-Encoding',
  'If-Match',
  'If-None-Match',
  'If-Modified-Since',
  'If-Unmodified-Since',
] as const satisfies readonly RequestHeader[];

/** What Parquet may be asked with. */
export const RANGE_HEADERS = ['Range', 'If-Range'] as const satisfies readonly RequestHeader[];
