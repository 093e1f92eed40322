import {
  type Candidate,
  type ChosenBy,
  createPolicy,
  type DecidedCandidate,
  type Decision,
  type DecisionReason,
  type Episode,
  type EpisodeInput,
  type Estimate,
  type Estimator,
  ExperienceMemory,
  type ExperienceStore,
  type Feature,
  InMemoryExperienceStore,
  JitRLError,
  type JitRLErrorCode,
  type JsonValue,
  type LearnReceipt,
  LinearSimilarityIndex,
  type ModeByRun,
  type Neighbor,
  type NeighborSearch,
  ngrams,
  openMemory,
  type Policy,
  type PolicyOptions,
  type PutResult,
  type Reward,
  type RewardSource,
  rollout,
  type Selector,
  type SimilarityIndex,
  type State,
  type StateInput,
  type StepInput,
  type StoredEpisode,
  toState,
  words,
} from "@jitrl/core";
import { describe, expectTypeOf, test } from "vitest";

// Checked by the compiler over the whole repository; running them proves only that the values exist.
describe("what a user's editor shows", () => {
  test("a policy needs a memory and nothing else", () => {
    expectTypeOf<{ memory: ExperienceMemory }>().toExtend<PolicyOptions>();
    expectTypeOf<Record<string, never>>().not.toExtend<PolicyOptions>();
    expectTypeOf(createPolicy).parameters.toEqualTypeOf<[options: PolicyOptions]>();
    expectTypeOf(createPolicy).returns.toEqualTypeOf<Policy>();
    expectTypeOf<PolicyOptions["estimator"]>().toEqualTypeOf<
      "adaptive" | "plain" | "normalized" | Estimator | undefined
    >();
    expectTypeOf<PolicyOptions["selection"]>().toEqualTypeOf<
      "greedy" | "sample" | "epsilon-greedy" | undefined
    >();
    expectTypeOf<PolicyOptions["mode"]>().toEqualTypeOf<"on" | "shadow" | "off" | ModeByRun | undefined>();
    expectTypeOf(rollout({ percent: 10 })).toExtend<Policy["mode"]>();
  });

  test("decide takes a state, as a text or in features, and candidates", () => {
    expectTypeOf<Policy["decide"]>().toBeCallableWith({
      state: "a text",
      candidates: [{ action: "a", logit: 0 }],
    });
    expectTypeOf<Policy["decide"]>().toBeCallableWith({
      state: { features: { task: words("a") }, partition: "p" },
      candidates: [{ action: "a", logit: 0, payload: { name: "tool", args: { x: [1, null, true] } } }],
      baseAction: "a",
      describedBy: "v1",
    });
    expectTypeOf<Policy["decide"]>().returns.resolves.toEqualTypeOf<Decision>();
    // @ts-expect-error a candidate without a logit has no place in the base policy
    expectTypeOf<Policy["decide"]>().toBeCallableWith({ state: "s", candidates: [{ action: "a" }] });
    expectTypeOf<() => number>().not.toExtend<Candidate["payload"]>();
  });

  test("a decision is read-only and tells its reason as one of a few", () => {
    expectTypeOf<Decision["chosen"]>().toEqualTypeOf<Candidate>();
    expectTypeOf<Decision["chosenBy"]>().toEqualTypeOf<"policy" | "base">();
    expectTypeOf<Decision["chosenBy"]>().toExtend<ChosenBy>();
    expectTypeOf<Decision["candidates"]>().toEqualTypeOf<readonly DecidedCandidate[]>();
    expectTypeOf<Decision["value"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<DecisionReason>().toEqualTypeOf<
      | "learned"
      | "no-evidence"
      | "too-little-evidence"
      | "loading"
      | "over-budget"
      | "memory-failed"
      | "off"
      | "mode-failed"
      | "guarded"
      | "guard-failed"
    >();
    // @ts-expect-error decisions are not changed after the fact
    const change = (decision: Decision) => (decision.propensity = 1);
    expectTypeOf(change).toBeFunction();
  });

  test("learn takes little: steps of a state, an action and perhaps a reward", () => {
    expectTypeOf<Policy["learn"]>().toBeCallableWith({ steps: [{ state: "s", action: "a", reward: 1 }] });
    expectTypeOf<Policy["learn"]>().parameters.toEqualTypeOf<[episode: EpisodeInput]>();
    expectTypeOf<Policy["learn"]>().returns.resolves.toEqualTypeOf<LearnReceipt>();
    expectTypeOf<StepInput["state"]>().toEqualTypeOf<StateInput>();
    expectTypeOf<Episode>().toExtend<EpisodeInput>();
    // @ts-expect-error a step is an action in a state
    expectTypeOf<Policy["learn"]>().toBeCallableWith({ steps: [{ action: "a" }] });
  });

  test("a receipt has a revision only where something is stored", () => {
    const revision = (receipt: LearnReceipt) =>
      receipt.status === "stored" || receipt.status === "duplicate" ? receipt.revision : undefined;
    expectTypeOf(revision).returns.toEqualTypeOf<number | undefined>();
    // @ts-expect-error not known before the status is
    const blind = (receipt: LearnReceipt) => receipt.revision;
    expectTypeOf(blind).toBeFunction();
  });

  test("feedback goes to an episode or a thread", () => {
    expectTypeOf<Policy["feedback"]>().toBeCallableWith("e1", { reward: 1 });
    expectTypeOf<Policy["feedback"]>().toBeCallableWith({ episodeId: "e1" }, { reward: 1, step: 0 });
    expectTypeOf<Policy["feedback"]>().toBeCallableWith(
      { threadId: "t1" },
      { reward: -1, source: "judge:model" },
    );
    // @ts-expect-error the kinds of sources are three
    expectTypeOf<Policy["feedback"]>().toBeCallableWith("e1", { reward: 1, source: "customer" });
    expectTypeOf<"environment:tool">().toExtend<RewardSource>();
    expectTypeOf<Reward["step"]>().toEqualTypeOf<number | undefined>();
  });

  test("what is forgotten is named in one of four ways", () => {
    expectTypeOf<{ episodeId: string }>().toExtend<Selector>();
    expectTypeOf<{ threadId: string }>().toExtend<Selector>();
    expectTypeOf<{ metadata: { user: string } }>().toExtend<Selector>();
    expectTypeOf<{ all: true }>().toExtend<Selector>();
    expectTypeOf<{ all: false }>().not.toExtend<Selector>();
    expectTypeOf<{ threadId: string | undefined }>().not.toExtend<Selector>();
    expectTypeOf<Record<string, never>>().not.toExtend<Selector>();
  });

  test("a memory opens with nothing, and its neighbours come at once or not at all", () => {
    expectTypeOf(openMemory).toBeCallableWith();
    expectTypeOf(openMemory).returns.resolves.toEqualTypeOf<ExperienceMemory>();
    expectTypeOf<ExperienceMemory["neighbors"]>().returns.toEqualTypeOf<NeighborSearch>();
    const count = (search: NeighborSearch) => (search.status === "found" ? search.neighbors : undefined);
    expectTypeOf(count).returns.toEqualTypeOf<readonly Neighbor[] | undefined>();
    expectTypeOf(ExperienceMemory).toBeConstructibleWith();
  });

  test("stores, indexes and estimators can be one's own", () => {
    expectTypeOf(new InMemoryExperienceStore()).toExtend<ExperienceStore>();
    expectTypeOf(new LinearSimilarityIndex()).toExtend<SimilarityIndex>();
    expectTypeOf<Estimator["estimate"]>().returns.toEqualTypeOf<Estimate>();
    expectTypeOf<ExperienceStore["get"]>().returns.resolves.toEqualTypeOf<StoredEpisode | undefined>();
    expectTypeOf<ExperienceStore["put"]>().returns.resolves.toEqualTypeOf<PutResult>();
    expectTypeOf<StoredEpisode["sequence"]>().toEqualTypeOf<number>();
  });

  test("features are built from texts", () => {
    expectTypeOf(words("a")).toEqualTypeOf<Feature>();
    expectTypeOf(ngrams).toBeCallableWith("a b", 2, { unit: "character", weight: 2, normalize: false });
    expectTypeOf(toState("a")).toEqualTypeOf<State>();
    // @ts-expect-error there are words and characters
    expectTypeOf(ngrams).toBeCallableWith("a b", 2, { unit: "line" });
  });

  test("errors are told by their code", () => {
    const codeOf = (error: unknown) => (JitRLError.isInstance(error) ? error.code : undefined);
    expectTypeOf(codeOf).returns.toEqualTypeOf<JitRLErrorCode | undefined>();
    expectTypeOf<"memory-closed">().toExtend<JitRLErrorCode>();
  });

  test("JSON is JSON", () => {
    expectTypeOf<{ a: [1, "b", null, { c?: true }] }>().toExtend<JsonValue>();
    expectTypeOf<Date>().not.toExtend<JsonValue>();
    expectTypeOf<bigint>().not.toExtend<JsonValue>();
  });
});
