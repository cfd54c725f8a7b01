/** Schemas of pins, as pin-view.ts shows them. */
import { named, object, text, time } from '../openapi/schema.ts';
import { GENERATION_NUMBER, KEY_TEXT } from './entry-schema.ts';

const PIN_PROPERTIES = {
  id: text('Name it to renew the pin or to give it back.'),
  key: KEY_TEXT,
  generation: GENERATION_NUMBER,
  expiresAt: time('Until then the generation is not removed, unless it is purged.'),
  url: text('Of the pin.'),
};

export const PIN = named('Pin', object('Keeps one generation readable by path.', PIN_PROPERTIES));

export const STORED_FILE = {
  relative: text('Path below the root of the store.'),
  path: text("The same, absolute, as the server's host has it."),
};

export const STORE_ID = text('Tells whether a mounted folder is the store that was meant: it is in its parqueue.json.');

export const NEW_PIN = named(
  'NewPin',
  object('A pin, and the file that it keeps.', {
    ...PIN_PROPERTIES,
    storeId: STORE_ID,
    file: object('Where the Parquet file is, for readers that share the store.', STORED_FILE),
  }),
);
