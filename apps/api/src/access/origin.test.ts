import { describe, expect, test } from 'vitest';
import { isFromThisHost, requireSameOrigin, requireThisHost, type Incoming } from './origin.ts';

const from = (headers: Incoming['headers'], method = 'GET', address = '127.0.0.1'): Incoming => ({
  method,
  httpVersion: '1.1',
  headers: { host: 'localhost:8787', ...headers },
  address,
});
const refusal = expect.objectContaining({ code: 'PQ_FORBIDDEN' });

describe('this host', () => {
  test('asks from loopback and by a name of it', () => {
    for (const host of ['localhost', 'LOCALHOST:8787', '127.0.0.1:1', '127.8.9.1', '[::1]:8787', 'a.localhost:80'])
      for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
        expect(isFromThisHost(from({ host }, 'GET', address)), `${host} from ${address}`).toBe(true);
  });

  test('is no name that somebody else could point here, and no address of the network', () => {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      '0.0.0.0:8787',
      '',
      'notlocalhost',
    ])
      expect(() => requireThisHost(from({ host })), host).toThrow(refusal);
    for (const address of ['10.0.0.7', '::', 'fe80::1', ''])
      expect(isFromThisHost(from({}, 'GET', address)), address).toBe(false);
  });

  test('is nobody whom a proxy speaks for, whatever it says of them', () => {
    for (const name of ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip'])
      for (const value of ['127.0.0.1', '', '203.0.113.9'])
        expect(() => requireThisHost(from({ [name]: value })), `${name}: ${value}`).toThrow(/through a proxy/);
  });

  test('is nobody who speaks HTTP/1.0, as nginx does to what is behind it, and by a name of loopback', () => {
    expect(isFromThisHost({ ...from({ host: '127.0.0.1:8787', connection: 'close' }), httpVersion: '1.0' })).toBe(
      false,
    );
  });

  test('is not told what a stranger named it', () => {
    expect(() => requireThisHost(from({ host: 'secret-name.example' }))).not.toThrow(/secret-name/);
  });
});

describe('a page of another site', () => {
  const cross = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };

  test('has nothing loaded from here, nor has one of another port of this host', () => {
    expect(() => requireSameOrigin(from(cross))).toThrow(refusal);
    expect(() => requireSameOrigin(from({ ...cross, 'sec-fetch-site': 'same-site' }))).toThrow(refusal);
    const framed = { ...cross, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' };
    expect(() => requireSameOrigin(from(framed))).toThrow(refusal);
  });

  test('may lead its reader here, and may not post', () => {
    const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect(() => requireSameOrigin(from(visit))).not.toThrow();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
      expect(() => requireSameOrigin(from(visit, method)), method).toThrow(refusal);
  });

  test('is told by its Origin where the browser says nothing else', () => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost:3000', 'http://localhost'])
      expect(() => requireSameOrigin(from({ origin }, 'POST')), origin).toThrow(refusal);
    for (const origin of ['http://localhost:8787', 'https://LOCALHOST:8787'])
      expect(() => requireSameOrigin(from({ origin }, 'POST')), origin).not.toThrow();
  });

  test('is not what a page of this server, a person or a program is', () => {
    for (const site of ['same-origin', 'none'])
      expect(() => requireSameOrigin(from({ 'sec-fetch-site': site, origin: 'https://a.b' }, 'POST'))).not.toThrow();
    for (const method of ['GET', 'POST', 'DELETE']) expect(() => requireSameOrigin(from({}, method))).not.toThrow();
  });
});
