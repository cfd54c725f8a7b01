import { expect, it } from 'vitest';
import { checkConnectString, readConnectString } from './connect-identity.ts';

const identityOf = (text: string): string | null => {
  const reading = readConnectString(text);
  return reading.kind === 'address' ? reading.identity : null;
};

it.each([
  ['db/erp', 'tcp://db:1521/erp'],
  ['DB.Example.com:1522/ERP.example.com', 'tcp://db.example.com:1522/erp.example.com'],
  ['//db/erp', 'tcp://db:1521/erp'],
  ['tcps://db:2484/erp', 'tcps://db:2484/erp'],
  ['db:01521/erp', 'tcp://db:1521/erp'],
  ['db/erp:pooled', 'tcp://db:1521/erp'],
  ['db/erp:dedicated/erp1', 'tcp://db:1521/erp/erp1'],
  ['db/erp?transport_connect_timeout=3&wallet_location="/x?y"', 'tcp://db:1521/erp'],
  ['db1,db2:1530/erp', 'tcp://db1:1530,db2:1530/erp'],
  ['db1:1521,db2:1530/erp', 'tcp://db1:1521,db2:1530/erp'],
  ['[2001:DB8::1]:1521/erp', 'tcp://[2001:db8::1]:1521/erp'],
  [
    '(DESCRIPTION =\n (ADDRESS = (PROTOCOL = tcp)(HOST = Db)(PORT = 1521))\n (CONNECT_DATA = (SERVER = DEDICATED)(SERVICE_NAME = Erp)))',
    'tcp://db:1521/erp',
  ],
  [
    '(DESCRIPTION=(RETRY_COUNT=3)(ADDRESS_LIST=(ADDRESS=(PROTOCOL=tcps)(HOST=a)(PORT=1))(ADDRESS=(PROTOCOL=tcps)(HOST=b)(PORT=2)))(CONNECT_DATA=(SERVICE_NAME=s)(INSTANCE_NAME=I1))(SECURITY=(MY_WALLET_DIRECTORY=/secret)))',
    'tcps://a:1,b:2/s/i1',
  ],
  [
    '(description=(address=(protocol=TCP)(host=Db)(port=1521))(connect_data=(sid=ORCL))(security=(x=/secret)))',
    '(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=db)(PORT=1521))(CONNECT_DATA=(SID=ORCL)))',
  ],
])('%j is one database: %s', (text, identity) => {
  expect(identityOf(text)).toBe(identity);
});

it.each(['ERP', 'erp_prod.world'])('%j is an alias', (text) => {
  expect(readConnectString(text)).toEqual({ kind: 'alias' });
});

it.each([
  'db:1521',
  'db/',
  'db:99999/erp',
  'db:0/erp',
  'app/s3cret@db:1521/erp',
  'ldap://s3cret/erp',
  'jdbc:oracle:thin:@s3cret:1521:x',
  '(DESCRIPTION=(HOST=s3cret))',
  '(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=s3cret)(PORT=1521))',
  '(DESCRIPTION=(ADDRESS=(PROTOCOL=ipc)(KEY=s3cret))(CONNECT_DATA=(SERVICE_NAME=x)))',
  '(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=s3cret)(PORT=1521)))',
  `(${'A=('.repeat(100)}`,
  `(A=${'x'.repeat(5000)})`,
  'a b c',
  '',
])('%j is no address, and is not repeated', (text) => {
  const problem = checkConnectString(text);
  expect(problem).toBeTruthy();
  expect(problem).not.toContain('s3cret');
});
