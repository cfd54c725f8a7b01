/** Waiting for what another process tells: whenever something was heard of it, those who wait look whether it is so now. */
export class Watch {
  readonly #looks = new Set<() => void>();

  /** Something was heard. */
  heard(): void {
    for (const look of this.#looks) look();
  }

  /** @param late what to say when it does not come to be within the limit */
  async until(
    isSo: () => boolean,
    { limitMs, late }: { readonly limitMs: number; readonly late: () => string },
  ): Promise<void> {
    if (isSo()) return;
    let look = (): void => undefined;
    let limit: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        look = () => {
          if (isSo()) resolve();
        };
        this.#looks.add(look);
        limit = setTimeout(() => reject(new Error(`not within ${limitMs} ms: ${late()}`)), limitMs);
      });
    } finally {
      this.#looks.delete(look);
      clearTimeout(limit);
    }
  }
}
