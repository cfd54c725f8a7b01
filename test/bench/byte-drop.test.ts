import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { dropBody } from './byte-drop.ts';

async function served(answer: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/a?b=c`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

test.each([0, 1, 3_000_000])('a body of %d bytes is read to its end', async (bytes) => {
  await using server = await served((request, response) => {
    expect(request.url).toBe('/a?b=c');
    response.writeHead(200, { 'content-length': bytes });
    response.end(Buffer.alloc(bytes));
  });
  expect(await dropBody(server.url)).toBe(bytes);
});

test('a body that ends early is an error, and so is a refusal', async () => {
  await using broken = await served((_request, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('12345', () => response.destroy());
  });
  await expect(dropBody(broken.url)).rejects.toThrow('ended after 5 of 10 bytes');
  await using refusing = await served((_request, response) => response.writeHead(404).end());
  await expect(dropBody(refusing.url)).rejects.toThrow('404');
});
