import { JitRLError } from "@jitrl/core";

/** How long threads are kept. */
export interface ThreadTtl {
  /** Time from the last write to a thread to its removal, s, above 0, at most 100 years. */
  readonly seconds: number;
  /** Reading a thread counts as a use too. @default false */
  readonly refreshOnRead?: boolean;
}

const MOST = 100 * 366 * 24 * 3600;

/** @returns ms @throws JitRLError `invalid-input` */
export function ttlMilliseconds(ttl: ThreadTtl | undefined): number | undefined {
  if (ttl === undefined) return undefined;
  const { seconds } = ttl;
  if (!(seconds > 0 && seconds <= MOST)) {
    throw new JitRLError(
      "invalid-input",
      `Expected ttl.seconds to be above 0 and at most ${MOST}, found ${seconds}.`,
      { details: { field: "ttl.seconds" } },
    );
  }
  return Math.ceil(seconds * 1000);
}
