import { type Candidate, softmax } from "@jitrl/core";
import { describe, expect, it } from "vitest";
import type { MessagesState } from "../src/channels.js";
import {
  type CandidateRequest,
  type CandidateSource,
  combineCandidates,
  functionCandidates,
  toolCallKey,
} from "../src/index.js";
import { say } from "./graphs.js";

describe("combineCandidates", () => {
  type Listed = readonly [action: string, logit: number, payload?: string];
  const list = (...listed: Listed[]) =>
    functionCandidates<MessagesState>(() =>
      listed.map(([action, logit, payload]) => ({ action, logit, ...(payload ? { payload } : {}) })),
    );
  const inPlace = (...listed: Listed[]) => Object.assign(list(...listed), { inPlaceOfCall: true });
  const request: CandidateRequest<MessagesState> = { state: say("x"), actionKey: toolCallKey, config: {} };
  const share = (candidates: readonly Candidate[]) => {
    const probabilities = softmax(candidates.map(({ logit }) => logit));
    return Object.fromEntries(
      candidates.map(({ action }, i) => [action, Math.round(probabilities[i]! * 1e4) / 1e4]),
    );
  };
  const ln = Math.log;

  it("mix the shares of sources, each by its weight", async () => {
    const one = list(["a", ln(0.5)], ["b", ln(0.5)]);
    const two = list(["b", ln(0.2)], ["c", ln(0.8)]);
    expect(share(await combineCandidates(one, two)(request))).toEqual({ a: 0.25, b: 0.35, c: 0.4 });
    expect(share(await combineCandidates(one, { source: two, weight: 3 })(request))).toEqual({
      a: 0.125,
      b: 0.275,
      c: 0.6,
    });
  });

  it("execute an action as the first source says that lists it", async () => {
    const combined = combineCandidates(list(["a", 0, "first"]), list(["a", 0, "second"], ["b", 0, "third"]));
    expect((await combined(request)).map(({ payload }) => payload)).toEqual(["first", "third"]);
  });

  it("are themselves a source that can be combined", async () => {
    const nested = combineCandidates(combineCandidates(list(["a", 0]), list(["b", 0])), list(["c", 0]));
    expect(share(await nested(request))).toEqual({ a: 0.3333, b: 0.3333, c: 0.3333 });
    expect(await combineCandidates(list(), list())(request)).toEqual([]);
  });

  it("leave the likeliest of the agent's own model the base action", async () => {
    const combined = combineCandidates(inPlace(["a", ln(0.4)], ["b", ln(0.6)]), list(["a", 5], ["c", 9]));
    expect(combined.inPlaceOfCall).toBe(true);
    const candidates = await combined(request);
    const [best, next] = [...candidates].sort((x, y) => y.logit - x.logit);
    expect(best?.action).toBe("b");
    expect(best!.logit).toBeGreaterThan(next!.logit);
    expect(candidates.map(({ action }) => action).sort()).toEqual(["a", "b", "c"]);
  });

  it("list nothing where the agent's own model has nothing to choose", async () => {
    expect(await combineCandidates(inPlace(), list(["a", 0]))(request)).toEqual([]);
  });

  it("stand in the place of the call only where one of them does", () => {
    expect(combineCandidates(list(["a", 0])).inPlaceOfCall).toBeUndefined();
    expect(() => combineCandidates(inPlace(["a", 0]), inPlace(["b", 0]))).toThrow(/at most one source/u);
    expect(() => combineCandidates()).toThrow(/at least one source/u);
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => combineCandidates({ source: list(["a", 0]), weight })).toThrow(/weight/u);
    }
  });

  it("fail where one of them fails", async () => {
    const failing: CandidateSource<MessagesState> = () => Promise.reject(new Error("no quota"));
    await expect((async () => combineCandidates(list(["a", 0]), failing)(request))()).rejects.toThrow(
      "no quota",
    );
    const wrong = combineCandidates(list(["a", Number.NaN]), list(["b", 0]));
    await expect((async () => wrong(request))()).rejects.toMatchObject({ code: "invalid-candidates" });
  });
});
