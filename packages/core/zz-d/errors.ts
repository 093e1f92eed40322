const brand = Symbol.for("jitrl.error");

/**
 * Stable names of what can go wrong; safe to switch on.
 *
 * | code | meaning |
 * |---|---|
 * | `invalid-input` | an argument or option is not of the documented form or range |
 * | `invalid-candidates` | an empty list, a logit that is not finite, one action with two payloads |
 * | `oversized-state` | a state with more tokens than the limit |
 * | `episode-not-found` | feedback for an episode or thread that the memory does not hold |
 * | `conflict` | an episode kept changing under a revision, or an id is taken by other steps |
 * | `memory-closed` | the memory or its store was used after `close()` |
 * | `memory-failed` | the store could not be read when the memory opened |
 * | `store-locked` | another process, or this one, already writes to this file |
 * | `store-corrupt` | the file is not an experience file, or of a newer version |
 * | `store-failed` | the store could not write |
 * | `store-unavailable` | the store is out of reach for now; the same call may succeed later |
 * | `missing-channel` | a node was added to a graph without its options |
 * | `candidates-failed` | a source of candidates failed or gave none |
 * | `reward-failed` | a reward function failed or gave something that is not a reward |
 */
export type JitRLErrorCode =
  | "invalid-input"
  | "invalid-candidates"
  | "oversized-state"
  | "episode-not-found"
  | "conflict"
  | "memory-closed"
  | "memory-failed"
  | "store-locked"
  | "store-corrupt"
  | "store-failed"
  | "store-unavailable"
  | "missing-channel"
  | "candidates-failed"
  | "reward-failed";

/** Every error that JitRL raises. The message says what was expected, what was found and what to do. */
export class JitRLError extends Error {
  override readonly name = "JitRLError";
  readonly code: JitRLErrorCode;
  /** The values that matter, for logs and handlers; never secrets, never whole texts. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly [brand] = true;

  constructor(
    code: JitRLErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  /** True for errors of JitRL, also of another copy of this package. */
  static isInstance(error: unknown): error is JitRLError {
    return typeof error === "object" && error !== null && brand in error;
  }
}
