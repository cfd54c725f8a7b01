/** Schema of what happens in the cache, as streams of events tell it. */
import { named, text } from '../openapi/schema.ts';

export const CACHE_EVENTS = named(
  'CacheEvents',
  text(
    'Server-sent events with data as JSON. `fill`: a FillSummary, when it comes, at most once a second while it goes on, and when it '
      + 'ends. `head`: an entry has another generation (key, dataset, source, generation, version, rows, bytes, committedAt, url), with an id '
      + 'to come back with; one that moved several times between two looks is told once. `evicted`: an entry has none any more (key, dataset, '
      + 'generation, reason, evictedAt), with an id too. `missed`: more happened since `Last-Event-ID` than '
      + 'is remembered, look at everything anew. `bye` (code, message): why the server ends the stream; connect again. Comments keep a quiet '
      + 'stream open.',
    'id: 1763806000000-0\nevent: head\ndata: {"key":"sales-6d1f0c5ab8e24c17a3d9b6f0","generation":1000000000043}\n\n',
  ),
);
