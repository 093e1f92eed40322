/** How long uses are gathered before they are told, ms. */
const GATHER = 1_000;
/** Most episodes noted at a time; what is used beyond that is noted when it is used again. */
const MOST = 10_000;
const BATCH = 500;

/** Episodes that decisions went by, gathered here and told to the server in the background, many at a time. */
export class UseNotes {
  readonly #send: (ids: readonly string[]) => Promise<void>;
  readonly #ids = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** @param send tells the server; what it cannot send goes on waiting */
  constructor(send: (ids: readonly string[]) => Promise<void>) {
    this.#send = send;
  }

  add(ids: Iterable<string>): void {
    for (const id of ids) {
      if (this.#ids.size === MOST) break;
      this.#ids.add(id);
    }
    if (this.#ids.size > 0) this.#timer ??= setTimeout(() => void this.flush(), GATHER).unref();
  }

  /** Tells what was gathered. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const gathered = [...this.#ids];
    for (let i = 0; i < gathered.length; i += BATCH) {
      const batch = gathered.slice(i, i + BATCH);
      for (const id of batch) this.#ids.delete(id);
      try {
        await this.#send(batch);
      } catch {
        // `send` has said why. With the next uses they are tried again.
        for (const id of batch) if (this.#ids.size < MOST) this.#ids.add(id);
        return;
      }
    }
  }
}
