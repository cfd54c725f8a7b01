/** Rows on their way: what the headers tell of them, and the body once, as a stream or whole. */
export class Answer {
  readonly response: Response;

  constructor(response: Response) {
    this.response = response;
  }

  /** The rows are those of `ifNoneMatch`; there is no body. */
  get notModified(): boolean {
    return this.response.status === 304;
  }

  get key(): string | null {
    return this.response.headers.get('parqueue-key');
  }

  get generation(): number | null {
    const text = this.response.headers.get('parqueue-generation');
    return text === null ? null : Number(text);
  }

  get version(): string | null {
    return this.response.headers.get('parqueue-version');
  }

  get etag(): string | null {
    return this.response.headers.get('etag');
  }

  /** RFC 9211: why the answer is what it is, for example `parqueue; hit`. */
  get cacheStatus(): string | null {
    return this.response.headers.get('cache-status');
  }

  /** Where the very same bytes will stay, for as long as the generation is kept. */
  get contentLocation(): string | null {
    return this.response.headers.get('content-location');
  }

  stream(): ReadableStream<Uint8Array> {
    return this.response.body ?? new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.response.arrayBuffer());
  }

  async text(): Promise<string> {
    return this.response.text();
  }

  async json(): Promise<unknown> {
    return this.response.json();
  }
}
