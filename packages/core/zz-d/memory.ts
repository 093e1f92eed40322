import { invalid, record, text } from "./check.js";
import { type Episode, type EpisodeInput, toEpisode } from "./episode.js";
import { EpisodeChanges } from "./episode-changes.js";
import { safeHandler } from "./error-handler.js";
import { JitRLError } from "./errors.js";
import { EvidenceIndex } from "./evidence-index.js";
import { InMemoryExperienceStore } from "./in-memory-store.js";
import { canonicalJson, type JsonValue } from "./json.js";
import type {
  Feedback,
  FeedbackTarget,
  ForgetReceipt,
  Judgement,
  LearnReceipt,
  MemoryOptions,
  MemoryStats,
  NeighborOptions,
  NeighborSearch,
  RevokeOptions,
  RevokeReceipt,
} from "./memory-options.js";
import type { StepReference } from "./neighbor.js";
import { withJudgement, withRewards } from "./revise-rewards.js";
import { revokeRewards } from "./revoke-rewards.js";
import { parseReward, parseRewardSource } from "./reward.js";
import { checkSelector, selects } from "./selector.js";
import { type StateInput, toState } from "./state.js";
import type { ExperienceStore, Selector, StoredEpisode } from "./store.js";
import { StoreFollower } from "./store-follower.js";

/**
 * A store of experience seen through an in-process similarity index: reading takes no round trip. It loads in the
 * background; {@link openMemory} waits for that.
 */
export class ExperienceMemory {
  /** Discount γ of the returns. */
  readonly gamma: number;
  /** Whether {@link payload} can tell what past steps executed. */
  readonly keepsPayloads: boolean;
  readonly #store: ExperienceStore;
  readonly #follower: StoreFollower;
  readonly #changes: EpisodeChanges;
  readonly #now: () => number;
  readonly #newId: () => string;
  /** What was begun and is not done. */
  readonly #begun = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(options: MemoryOptions = {}) {
    const { gamma = 0.9 } = options;
    if (!(gamma >= 0 && gamma <= 1)) {
      throw new JitRLError("invalid-input", `Expected gamma to be in [0, 1], found ${gamma}.`);
    }
    this.gamma = gamma;
    this.keepsPayloads = options.payloads ?? false;
    this.#now = options.now ?? Date.now;
    this.#store = options.store ?? new InMemoryExperienceStore({ now: this.#now });
    this.#newId = options.newId ?? (() => crypto.randomUUID());
    const newEvidence = () => new EvidenceIndex(gamma, options.createIndex?.(), options.payloads);
    this.#follower = new StoreFollower(this.#store, newEvidence, safeHandler(options.onError));
    this.#changes = new EpisodeChanges(this.#store, (id, revision) => this.#follower.refresh([id], revision));
  }

  /**
   * Resolves when all that the store holds can be retrieved.
   *
   * @throws JitRLError `memory-failed` when the store could not be read
   */
  ready(): Promise<void> {
    return this.#follower.loaded;
  }

  /** The nearest distinct past states with what was done there, the most similar first. Changes nothing. */
  neighbors(state: StateInput, options: NeighborOptions = {}): NeighborSearch {
    const {
      k = 10,
      minSimilarity = 0.5,
      minFeatureSimilarity,
      describedBy = "",
      budget = 20_000_000,
    } = options;
    if (!Number.isInteger(k) || k < 1)
      throw new JitRLError("invalid-input", `Expected k to be an integer ≥ 1, found ${k}.`);
    if (!(minSimilarity >= 0 && minSimilarity <= 1)) {
      throw new JitRLError(
        "invalid-input",
        `Expected minSimilarity to be in [0, 1], found ${minSimilarity}.`,
      );
    }
    if (!(budget > 0))
      throw new JitRLError("invalid-input", `Expected budget to be above 0, found ${budget}.`);
    for (const [name, floor] of Object.entries(minFeatureSimilarity ?? {})) {
      if (!(floor >= 0 && floor <= 1)) throw invalid(`minFeatureSimilarity.${name}`, "in [0, 1]", floor);
    }
    const checked = toState(state);
    this.#notClosed();
    if (this.#follower.status === "loading") return { status: "loading" };
    this.#follower.notFailed();
    const search = { k, minSimilarity, budget, ...(minFeatureSimilarity ? { minFeatureSimilarity } : {}) };
    const neighbors = this.#follower.evidence.neighbors(checked, describedBy, search);
    if (!neighbors) return { status: "over-budget" };
    return { status: "found", neighbors, returns: this.#follower.evidence.returns(describedBy) };
  }

  /**
   * What a past step executed; `undefined` where it had no payload, was forgotten meanwhile, or where the memory was
   * opened without `payloads`. Another user may have done it: check before it is shown or executed.
   */
  payload({ episodeId, step }: Pick<StepReference, "episodeId" | "step">): JsonValue | undefined {
    this.#notClosed();
    return this.#follower.evidence.payload(episodeId, step);
  }

  /**
   * Tells the store that a decision went by these steps, for a store that keeps what is used: Redis with a `ttl` and
   * `refreshOnUse`. A policy does so by itself. Takes no round trip.
   */
  used(evidence: Iterable<Pick<StepReference, "episodeId">>): void {
    if (this.#store.used && !this.#closing) this.#store.used(episodesOf(evidence));
  }

  /**
   * Adds an episode; it can be retrieved when this resolves. The same episode again changes nothing, and adds
   * nothing but rewards with new ids.
   *
   * @throws JitRLError `invalid-input`, `oversized-state`, `store-failed`, `store-unavailable`, `memory-closed`
   */
  learn(input: EpisodeInput): Promise<LearnReceipt> {
    return this.#begin(async () => {
      const episode = toEpisode(input, { now: this.#now, newId: this.#newId });
      return this.#changes.make(
        episode.id,
        (held) => {
          if (!held) return episode;
          if (stepsOf(held) !== stepsOf(episode)) return "conflict";
          return withRewards(held, episode.rewards);
        },
        true,
      );
    });
  }

  /**
   * Adds a reward to an episode that is already there: it becomes a new revision, and its returns change with it.
   *
   * @param target an episode, or a thread: then its latest episode
   * @throws JitRLError `episode-not-found`, `invalid-input`, `conflict`, `store-failed`, `store-unavailable`,
   * `memory-closed`
   */
  feedback(target: FeedbackTarget, feedback: Feedback): Promise<LearnReceipt> {
    return this.#begin(async () => {
      // All changes announced so far are taken over first, so that a thread's latest episode is known.
      await this.#follower.caughtUp();
      this.#follower.notFailed();
      const id = this.#episodeOf(target);
      const reward = {
        id: feedback.id ?? this.#newId(),
        step: feedback.step,
        value: feedback.reward,
        source: feedback.source ?? "human",
        at: this.#now(),
        reason: feedback.reason,
      };
      return this.#changes.make(id, (held) => {
        if (!held) throw notFound(`the episode "${id}"`, { episodeId: id });
        return withRewards(held, [parseReward(reward, held.steps.length)]);
      });
    });
  }

  /**
   * Puts what a source says of an episode in the place of what it said before, and the episode awaits it no more.
   * What it does not say any more is revoked. The same again changes nothing.
   *
   * @throws JitRLError `episode-not-found`, `invalid-input`, `conflict`, `store-failed`, `store-unavailable`,
   * `memory-closed`
   */
  judge(episodeId: string, judgement: Judgement): Promise<LearnReceipt> {
    return this.#begin(async () => {
      parseRewardSource(judgement.source, "source");
      const at = this.#now();
      return this.#changes.make(text(episodeId, "episodeId"), (held) => {
        if (!held) throw notFound(`the episode "${episodeId}"`, { episodeId });
        return withJudgement(held, judgement, at);
      });
    });
  }

  /**
   * Revokes what one source said: its rewards stay in their episodes, marked, and count no more. Doing it again
   * changes nothing, so after a failure it is simply done again. What the source says later counts.
   *
   * @throws JitRLError `invalid-input`; and, after all episodes were tried, the code of the first failure, with the
   * receipt of what was done and the ids of episodes that could not be changed in `details`
   */
  revoke({ source, selector = { all: true } }: RevokeOptions): Promise<RevokeReceipt> {
    return this.#begin(async () => {
      parseRewardSource(source, "source");
      checkSelector(selector);
      return revokeRewards(this.#episodes(selector), this.#changes, source, this.#now());
    });
  }

  /**
   * What the store holds, in the order of arrival; each as it is when its turn comes.
   *
   * @throws JitRLError `invalid-input`, `store-failed`, `store-unavailable`, `memory-closed`
   */
  episodes(selector: Selector = { all: true }): AsyncIterable<StoredEpisode> {
    this.#notClosed();
    checkSelector(selector);
    return this.#episodes(selector);
  }

  async *#episodes(selector: Selector): AsyncIterable<StoredEpisode> {
    if ("episodeId" in selector) {
      const episode = await this.#store.get(selector.episodeId);
      if (episode) yield episode;
      return;
    }
    for await (const episode of this.#store.scan()) if (selects(selector, episode)) yield episode;
  }

  /** Removes episodes for good, here and in the store; what of them arrives late is refused. */
  forget(selector: Selector): Promise<ForgetReceipt> {
    return this.#begin(async () => {
      checkSelector(selector);
      const { ids } = await this.#store.delete(selector);
      // Not simply removed: one of them may have been stored again meanwhile.
      await this.#follower.refresh(ids);
      return { episodes: ids.length, ids };
    });
  }

  /** What is held, in numbers. */
  async stats(): Promise<MemoryStats> {
    const { episodes, steps, states, setAside } = this.#follower.evidence.counts;
    const status = this.#closing ? "closed" : this.#follower.status;
    const unread = status === "closed" ? 0 : (await this.#store.stats()).setAside;
    return { status, episodes, steps, states, setAside: setAside + unread };
  }

  /** Closes the memory and its store, when all that was begun is done. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#begun);
    // At once: the follower may be reading, which a store that is out of reach ends only when it closes.
    await Promise.all([this.#follower.close(), this.#store.close()]);
  }

  #episodeOf(target: FeedbackTarget): string {
    if (typeof target === "string") return target;
    const { episodeId, threadId } = record(target, "the target of feedback");
    if (episodeId !== undefined) return text(episodeId, "episodeId");
    const thread = text(threadId, "threadId");
    const latest = this.#follower.evidence.latestOf(thread);
    if (latest === undefined) throw notFound(`an episode of the thread "${thread}"`, { threadId: thread });
    return latest;
  }

  /** Runs what `close` has to wait for. */
  async #begin<T>(work: () => Promise<T>): Promise<T> {
    this.#notClosed();
    const done = work();
    this.#begun.add(done);
    try {
      return await done;
    } finally {
      this.#begun.delete(done);
    }
  }

  #notClosed(): void {
    if (this.#closing) throw new JitRLError("memory-closed", "This memory is closed. Open a new one.");
  }
}

/**
 * Opens a memory and waits until all that its store holds can be retrieved.
 *
 * @example
 * const memory = await openMemory();                                                  // in this process
 * const memory = await openMemory({ store: await FileExperienceStore.open("x.jsonl") }); // in a file
 * @throws JitRLError `memory-failed`, `invalid-input`
 */
export async function openMemory(options: MemoryOptions = {}): Promise<ExperienceMemory> {
  const memory = new ExperienceMemory(options);
  await memory.ready();
  return memory;
}

function* episodesOf(evidence: Iterable<Pick<StepReference, "episodeId">>): Iterable<string> {
  for (const { episodeId } of evidence) yield episodeId;
}

/** What was done, as one text: two episodes with one id are the same if they agree in this. */
function stepsOf(episode: Episode): string {
  return canonicalJson(episode.steps.map(({ id, t, action }) => [id, t, action]));
}

function notFound(what: string, details: Record<string, unknown>): JitRLError {
  return new JitRLError(
    "episode-not-found",
    `Expected ${what} in memory, found none: it may not have ended yet, was evicted or forgotten, or ran without a thread.`,
    { details },
  );
}
