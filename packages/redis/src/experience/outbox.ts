import { JitRLError } from "@jitrl/core";
import type { EncodedEpisode } from "./episode-codec.js";

export interface OutboxOptions {
  readonly limit: number;
  readonly onOverflow: "throw" | "drop-oldest" | "drop-newest";
  /** @throws JitRLError `store-unavailable` to try again later; any other error gives the episode up */
  readonly send: (entry: OutboxEntry) => Promise<void>;
  readonly onError: (error: JitRLError) => void;
}

export interface OutboxEntry {
  readonly encoded: EncodedEpisode;
  readonly expectedRevision: number;
}

/** Episodes that wait for the server, sent in the order in which they came. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #entries: OutboxEntry[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** @throws JitRLError `store-unavailable` when it is full and may drop nothing */
  add(entry: OutboxEntry): void {
    const { limit, onOverflow } = this.#options;
    if (this.#entries.length >= limit) {
      if (onOverflow === "throw") {
        throw new JitRLError(
          "store-unavailable",
          `Redis is out of reach and ${limit} episodes wait for it already. Try again later, or raise bufferLimit.`,
        );
      }
      // The first one may be under way; it stays, unless it is all there is.
      const oldest = this.#sending && this.#entries.length > 1 ? 1 : 0;
      const dropped = onOverflow === "drop-newest" ? entry : this.#entries.splice(oldest, 1)[0];
      if (dropped) this.#giveUp(dropped, new Error(`${limit} episodes wait already`));
      if (dropped === entry) return;
    }
    this.#entries.push(entry);
  }

  /** Sends what waits, until the server is away again. */
  flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** Gives up all that waits. */
  abandon(cause: Error): void {
    for (const entry of this.#entries.splice(0)) this.#giveUp(entry, cause);
  }

  async #send(): Promise<void> {
    for (let entry = this.#entries[0]; entry; entry = this.#entries[0]) {
      try {
        await this.#options.send(entry);
      } catch (error) {
        if (JitRLError.isInstance(error) && error.code === "store-unavailable") return;
        this.#giveUp(entry, error);
      }
      const place = this.#entries.indexOf(entry);
      if (place >= 0) this.#entries.splice(place, 1);
    }
  }

  #giveUp({ encoded }: OutboxEntry, cause: unknown): void {
    const episodeId = encoded.episode.id;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#options.onError(
      new JitRLError("store-failed", `The episode "${episodeId.slice(0, 80)}" was given up: ${reason}`, {
        cause,
        details: { episodeId },
      }),
    );
  }
}
