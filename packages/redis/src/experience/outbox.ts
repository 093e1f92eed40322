import { JitRLError } from "@jitrl/core";
import type { PutEntry } from "./experience-scripts.js";

export interface OutboxOptions {
  readonly limit: number;
  readonly onOverflow: "throw" | "drop-oldest" | "drop-newest";
  /** @throws JitRLError `store-unavailable` to try again later; any other error gives the episode up */
  readonly send: (entry: PutEntry) => Promise<void>;
  readonly onError: (error: JitRLError) => void;
}

/** Most episodes, and characters of them, that are sent together: what fits into one batch, so that the order stays. */
const TOGETHER = 32;
const TOGETHER_LENGTH = 100_000;

/** Episodes that wait for the server, sent in the order in which they came. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #entries: PutEntry[] = [];
  #sending: Promise<void> | undefined;
  /** Of the first ones, how many are being sent. */
  #underWay = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** @throws JitRLError `store-unavailable` when it is full and may drop nothing */
  add(entry: PutEntry): void {
    const { limit, onOverflow } = this.#options;
    if (this.#entries.length >= limit) {
      if (onOverflow === "throw") {
        throw new JitRLError(
          "store-unavailable",
          `Redis is out of reach and ${limit} episodes wait for it already. Try again later, or raise bufferLimit.`,
        );
      }
      // Those that are under way stay, unless they are all there is.
      const oldest = Math.min(this.#underWay, this.#entries.length - 1);
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
    while (this.#entries.length > 0) {
      const together = this.#first();
      this.#underWay = together.length;
      const outcomes = await Promise.allSettled(together.map((entry) => this.#options.send(entry)));
      this.#underWay = 0;
      let away = false;
      for (const [i, entry] of together.entries()) {
        const outcome = outcomes[i];
        const error: unknown = outcome?.status === "rejected" ? outcome.reason : undefined;
        if (JitRLError.isInstance(error) && error.code === "store-unavailable") {
          away = true;
          continue;
        }
        const place = this.#entries.indexOf(entry);
        // It may have been dropped meanwhile.
        if (place < 0) continue;
        this.#entries.splice(place, 1);
        if (error !== undefined) this.#giveUp(entry, error);
      }
      if (away) return;
    }
  }

  /** Those that are sent next, each of another episode. */
  #first(): readonly PutEntry[] {
    const members = new Set<string>();
    let length = 0;
    const count = this.#entries.findIndex(({ encoded: { member, head, rest } }, i) => {
      if (i === TOGETHER || members.has(member) || length >= TOGETHER_LENGTH) return true;
      members.add(member);
      length += head.length + rest.length;
      return false;
    });
    return this.#entries.slice(0, count < 0 ? undefined : count);
  }

  #giveUp({ encoded }: PutEntry, cause: unknown): void {
    const episodeId = encoded.known.id;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#options.onError(
      new JitRLError("store-failed", `The episode "${episodeId.slice(0, 80)}" was given up: ${reason}`, {
        cause,
        details: { episodeId },
      }),
    );
  }
}
