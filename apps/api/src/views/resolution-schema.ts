/** What /v1/resolve answers. */
import { flag, listOf, named, nullable, number, object, oneOf, text, time, whole } from '../openapi/schema.ts';
import { COLUMN, HEAD_PROPERTIES, KEY_TEXT } from './entry-schema.ts';
import { PIN, STORED_FILE, STORE_ID } from './pin-schema.ts';

const { dataset, source, generation, version, etag, rows, bytes, sha256, consistency } = HEAD_PROPERTIES;

export const RESOLUTION = named(
  'Resolution',
  object('The entry behind a question.', {
    key: KEY_TEXT,
    dataset,
    source,
    generation,
    version,
    etag,
    rows,
    columns: whole('Number of columns.', 7),
    bytes,
    sha256,
    schema: listOf(COLUMN, 'Its columns, in order.'),
    storeId: STORE_ID,
    file: object('Where the Parquet file is.', { ...STORED_FILE, url: text('The immutable URL of these bytes.') }),
    verifiedAt: time('When the latest work began that proved the rows right.'),
    ageSeconds: number('Seconds since then, by the clock of Redis.', 0.25),
    consistency,
    cache: object('How the answer came about.', {
      outcome: oneOf(
        '`hit`; `revalidated`: the source was asked whether it still holds; `miss`: loaded for this ask; `stale`: older than '
          + 'wanted, as the policy allows.',
        ['hit', 'revalidated', 'miss', 'stale'],
      ),
      collapsed: flag("It shared somebody else's load."),
      detail: nullable(text('Why a stale answer was given.')),
    }),
    pin: nullable(PIN, 'null: none was asked for.'),
  }),
);
