/** Server-sent events, as far as a reader needs them: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { FillEvent } from './types.ts';

/** Events as they come. Ends with the stream; a caller who stops iterating cancels it. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<FillEvent, void, undefined> {
  let event = new PendingEvent();
  for await (const line of linesOf(body)) {
    if (line !== '') {
      event.take(line);
      continue;
    }
    const finished = event.finish();
    // Carries the id on: it stays in force until another is sent.
    event = new PendingEvent(event.id);
    if (finished !== null) yield finished;
  }
}

class PendingEvent {
  id: string | null;
  #name = 'message';
  #data: string[] = [];

  constructor(id: string | null = null) {
    this.id = id;
  }

  take(line: string): void {
    const colon = line.indexOf(':');
    // A line that begins with a colon is a comment: servers send it to keep connections open.
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#name = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id') this.id = value;
  }

  finish(): FillEvent | null {
    if (this.#data.length === 0) return null;
    const text = this.#data.join('\n');
    return { event: this.#name, id: this.id, data: parsed(text) };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not all events must be JSON; text is then the data.
    return text;
  }
}

/** Lines end with CR, LF or CRLF, and a chunk may end between the two of the last. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const complete = rest.split(/\r\n|\n|\r(?!$)/);
    rest = complete.pop() ?? '';
    yield* complete;
  }
}
