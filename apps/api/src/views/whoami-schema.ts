/** The schema of what a key may do. */
import { API_SCOPES } from '@parqueue/core/config';
import { flag, listOf, named, nullable, number, object, oneOf, text, time, whole } from '../openapi/schema.ts';

export const WHOAMI = named(
  'Principal',
  object('Who asks, as this server knows them.', {
    name: text('In logs. `key:` and the name of the key; without keys `address:` and the address.', 'key:notebooks'),
    open: flag('No key is configured: whoever is at this host may do everything.'),
    scopes: listOf(oneOf('A scope.', API_SCOPES), 'What the key may do.'),
    datasets: listOf(text('A name of datasets; `*` stands for any characters.', 'sales_*'), 'What it may use.'),
    expiresAt: nullable(time('From when on it is refused; null: never.')),
    limits: {
      anyOf: [
        object('Of this key, in each process of the API.', {
          requestsPerSecond: nullable(number('Requests it may begin per second; null: any number.', 50)),
          burst: whole('Requests it may begin at once after a pause.', 100),
          concurrent: whole('Requests it may have under way.', 1000),
        }),
        { type: 'null' },
      ],
      description: 'Null: none.',
    },
  }),
);
