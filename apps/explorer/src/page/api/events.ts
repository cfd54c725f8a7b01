/** Server-sent events out of a stream of bytes: https://html.spec.whatwg.org/multipage/server-sent-events.html. Pure. */

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
  readonly id: string | null;
}

/** Ends with the stream. EventSource could not send a key. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  let lines: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      // A chunk may end between the two halves of CRLF.
      const complete = rest.split(/\r\n|\n|\r(?!$)/);
      rest = complete.pop() ?? '';
      for (const line of complete) {
        if (line !== '') {
          lines.push(line);
          continue;
        }
        const event = eventOf(lines);
        lines = [];
        if (event !== null) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** null: comments only, which keep the connection open. */
export function eventOf(lines: readonly string[]): ServerEvent | null {
  const data: string[] = [];
  let name = 'message';
  let id: string | null = null;
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
  }
  return data.length === 0 ? null : { name, data: data.join('\n'), id };
}
