export interface BatchOptions<Request, Result> {
  /** Gives a result for each request, in their order. */
  readonly carryOut: (requests: readonly Request[]) => Promise<readonly Result[]>;
  /** Size of a request, bytes. @default 0 */
  readonly sizeOf?: (request: Request) => number;
  /** Requests of one name come into different batches, in their order. @default all have names of their own */
  readonly nameOf?: (request: Request) => string;
}

/** Most requests of a batch; with {@link MOST_BYTES}, a few milliseconds of the server's time. */
const MOST = 32;
/** Bytes after which a batch ends. */
const MOST_BYTES = 256_000;
/** Most batches under way: one that the server works on, and one that it finds when it is done with it. */
const UNDER_WAY = 2;

interface Waiting<Request, Result> {
  readonly request: Request;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Carries out together what waits at the same time: one round trip, and one script in place of many. Nothing waits for
 * others to come; while few come, each goes at once and alone.
 */
export class Batches<Request, Result> {
  readonly #options: BatchOptions<Request, Result>;
  readonly #waiting: Waiting<Request, Result>[] = [];
  #underWay = 0;
  #scheduled = false;

  constructor(options: BatchOptions<Request, Result>) {
    this.#options = options;
  }

  /** Rejects as the batch does. */
  add(request: Request): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      // After all that is asked for in this same turn.
      process.nextTick(() => {
        this.#scheduled = false;
        this.#begin();
      });
    });
  }

  #begin(): void {
    while (this.#underWay < UNDER_WAY && this.#waiting.length > 0) void this.#carryOut(this.#next());
  }

  async #carryOut(batch: readonly Waiting<Request, Result>[]): Promise<void> {
    this.#underWay++;
    try {
      const results = await this.#options.carryOut(batch.map(({ request }) => request));
      for (const [i, result] of results.entries()) batch[i]?.resolve(result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#underWay--;
    this.#begin();
  }

  #next(): readonly Waiting<Request, Result>[] {
    const { sizeOf, nameOf } = this.#options;
    const names = new Set<string>();
    let bytes = 0;
    let count = 0;
    for (const { request } of this.#waiting) {
      if (count === MOST || bytes >= MOST_BYTES) break;
      if (nameOf) {
        const name = nameOf(request);
        if (names.has(name)) break;
        names.add(name);
      }
      bytes += sizeOf?.(request) ?? 0;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
