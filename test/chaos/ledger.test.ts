import { expect, test } from "vitest";
import { type HeldEpisode, Ledger } from "./ledger.js";
import type { Operation } from "./messages.js";

const learn = (id: string, at = 10): Operation => ({ kind: "learn", id, threadId: "t", user: "u", at });

function ledgerOf(...done: readonly [Operation, string | undefined, number, number][]): Ledger {
  const ledger = new Ledger();
  for (const [i, [operation, outcome, begun, ended]] of done.entries()) {
    ledger.note({ line: "begin", op: `${i}`, operation, at: begun });
    if (outcome) ledger.note({ line: "end", op: `${i}`, outcome, at: ended });
  }
  return ledger;
}

function heldOf(...episodes: readonly [string, HeldEpisode["rewards"], number?][]): Map<string, HeldEpisode> {
  return new Map(
    episodes.map(([id, rewards, revision = rewards.length], i) => [id, { revision, sequence: i, rewards }]),
  );
}

const nothing = { lost: [], doubled: [], resurrected: [], invented: [] };
const forget: Operation = { kind: "forget", selector: { threadId: "t" } };

test("what was acknowledged and is not there is lost; what was not acknowledged is not", () => {
  const ledger = ledgerOf(
    [learn("a"), "stored", 10, 11],
    [learn("b"), "buffered", 10, 11],
    [learn("c"), undefined, 10, 0],
  );
  expect(ledger.judge(heldOf())).toEqual({ ...nothing, lost: ["a"] });
  expect(ledger.judge(heldOf(["a", ["first"]], ["c", ["first"]]))).toEqual(nothing);
});

test("a reward that was acknowledged and is not there is lost", () => {
  const ledger = ledgerOf(
    [learn("a"), "stored", 10, 11],
    [{ kind: "feedback", id: "a", rewardId: "r" }, "stored", 12, 13],
  );
  expect(ledger.judge(heldOf(["a", ["first"]]))).toEqual({ ...nothing, lost: ["reward r"] });
  expect(ledger.judge(heldOf(["a", ["first", "r"]]))).toEqual(nothing);
});

test("what counts twice is doubled, what nobody began is invented", () => {
  const ledger = ledgerOf([learn("a"), "stored", 10, 11]);
  expect(ledger.judge(heldOf(["a", ["first", "first"]]))).toEqual({ ...nothing, doubled: ["a"] });
  expect(ledger.judge(heldOf(["a", ["first"], 2]))).toEqual({ ...nothing, doubled: ["a"] });
  expect(ledger.judge(heldOf(["a", ["first"]], ["b", ["first"]]))).toEqual({ ...nothing, invented: ["b"] });
});

test("what began before an acknowledged deletion must be gone, what began after it must be there", () => {
  const before = ledgerOf([learn("a", 10), "stored", 10, 11], [forget, "forgotten", 20, 25]);
  expect(before.judge(heldOf(["a", ["first"]]))).toEqual({ ...nothing, resurrected: ["a"] });
  expect(before.judge(heldOf())).toEqual(nothing);
  const after = ledgerOf([forget, "forgotten", 20, 25], [learn("a", 26), "stored", 26, 27]);
  expect(after.judge(heldOf())).toEqual({ ...nothing, lost: ["a"] });
  const meanwhile = ledgerOf([forget, "forgotten", 20, 25], [learn("a", 22), "stored", 22, 23]);
  expect(meanwhile.judge(heldOf())).toEqual(nothing);
  expect(meanwhile.judge(heldOf(["a", ["first"]]))).toEqual(nothing);
});

test("a deletion that was not acknowledged may have happened or not", () => {
  const ledger = ledgerOf([learn("a", 10), "stored", 10, 11], [forget, "store-unavailable", 20, 25]);
  expect(ledger.judge(heldOf())).toEqual(nothing);
  expect(ledger.judge(heldOf(["a", ["first"]]))).toEqual(nothing);
});
