import { type Departure, departureOf, type MeanReturn } from "./departures.js";
import type { JsonValue } from "./json.js";
import type { ActionEvidence, Neighbor, StepReference } from "./neighbor.js";
import { type ReturnSummary, RunningReturns } from "./return-summary.js";
import { stepReturns } from "./returns.js";
import { ExactSimilarityIndex } from "./similarity/exact-similarity-index.js";
import { isSameState } from "./similarity.js";
import type { SearchOptions, SimilarityIndex } from "./similarity-index.js";
import type { State } from "./state.js";
import type { StoredEpisode } from "./store.js";

/** Steps of one episode that the order of arrival has room for. */
const STEPS_PER_EPISODE = 2 ** 20;

interface Held {
  readonly revision: number;
  readonly threadId: string | undefined;
  readonly sequence: number;
  /** It has more steps than can be kept in order. */
  readonly setAside: boolean;
  /** Where each of its steps stands; empty for an episode that nobody rewarded. */
  readonly places: readonly { readonly state: number; readonly action: string; readonly order: number }[];
  readonly returns: readonly number[];
  /** Of each return, whether its step kept to the base action. */
  readonly departures: readonly (Departure | undefined)[];
  /** Which {@link EvidenceIndex.returns} its own are part of. */
  readonly pool: string;
  /** What each of its steps executed, where that is kept. */
  readonly payloads: readonly (JsonValue | undefined)[];
}

/** What was done in one distinct state. */
interface Done {
  /** For each action its steps, the newest last. */
  readonly actions: Map<string, StepReference[]>;
  /** Number of steps. */
  visits: number;
  /** The same as {@link EvidenceIndex.neighbors} tells it, with the newest k steps of each action, since it changed last. */
  told: { readonly k: number; readonly actions: readonly ActionEvidence[] } | undefined;
}

/** The steps of all rewarded episodes by state and action, with their returns: what `ExperienceMemory` searches. */
export class EvidenceIndex {
  readonly #gamma: number;
  readonly #index: SimilarityIndex;
  readonly #keepsPayloads: boolean;
  /** By the id of the state. */
  readonly #states: (Done | undefined)[] = [];
  readonly #episodes = new Map<string, Held>();
  readonly #threads = new Map<string, Set<string>>();
  readonly #returns = new Map<string, RunningReturns>();
  #steps = 0;
  #setAside = 0;

  constructor(gamma: number, index: SimilarityIndex = new ExactSimilarityIndex(), keepsPayloads = false) {
    this.#gamma = gamma;
    this.#index = index;
    this.#keepsPayloads = keepsPayloads;
  }

  get counts() {
    return {
      episodes: this.#episodes.size,
      steps: this.#steps,
      states: this.#index.size,
      setAside: this.#setAside,
    };
  }

  revision(episodeId: string): number {
    return this.#episodes.get(episodeId)?.revision ?? 0;
  }

  /** What a step executed, where that is kept. */
  payload(episodeId: string, step: number): JsonValue | undefined {
    return this.#episodes.get(episodeId)?.payloads[step];
  }

  /** The episode of a thread that arrived last. */
  latestOf(threadId: string): string | undefined {
    let latest: { id: string; sequence: number } | undefined;
    for (const id of this.#threads.get(threadId) ?? []) {
      const { sequence } = this.#episodes.get(id)!;
      if (!latest || sequence > latest.sequence) latest = { id, sequence };
    }
    return latest?.id;
  }

  /** Puts an episode in the place of its earlier revision. */
  set(episode: StoredEpisode): void {
    this.delete(episode.id);
    const returns = stepReturns(episode, this.#gamma);
    const setAside = episode.steps.length > STEPS_PER_EPISODE;
    if (setAside) this.#setAside++;
    const places = returns && !setAside ? this.#place(episode, returns) : [];
    const { id, revision, threadId, sequence } = episode;
    const pool = poolOf(episode.describedBy, importedFrom(episode) !== undefined);
    const counted = places.length > 0 && returns ? returns : [];
    const payloads = this.#keepsPayloads && places.length > 0 ? episode.steps.map((s) => s.payload) : [];
    const held: Held = {
      revision,
      threadId,
      sequence,
      setAside,
      places,
      returns: counted,
      departures: counted.map((_, i) => departureOf(episode.steps[i]!)),
      pool,
      payloads,
    };
    this.#episodes.set(id, held);
    this.#count(held);
    if (threadId !== undefined) {
      const ids = this.#threads.get(threadId) ?? new Set();
      this.#threads.set(threadId, ids.add(id));
    }
  }

  delete(episodeId: string): void {
    const held = this.#episodes.get(episodeId);
    if (!held) return;
    this.#episodes.delete(episodeId);
    if (held.setAside) this.#setAside--;
    if (held.threadId !== undefined) {
      const ids = this.#threads.get(held.threadId);
      ids?.delete(episodeId);
      if (ids?.size === 0) this.#threads.delete(held.threadId);
    }
    for (const place of held.places) this.#remove(place);
    this.#discount(held);
  }

  /**
   * All returns of one version of the state features: of the agent's own episodes, or of imported ones while it has
   * none.
   */
  returns(describedBy: string): ReturnSummary | undefined {
    const pool = poolOf(describedBy, false);
    const own = this.#returns.get(pool)?.summary;
    if (!own) return this.#returns.get(poolOf(describedBy, true))?.summary;
    const kept = this.#meanOf(partOf(pool, "kept"));
    const left = this.#meanOf(partOf(pool, "left"));
    return kept && left ? { ...own, departures: { kept, left } } : own;
  }

  /**
   * The nearest distinct states, each with its actions, the one taken last first. Each action comes with its newest
   * `k` steps at the most, so that the newest `k` steps of the nearest states, the neighbourhood of the published
   * rule, are always among them.
   */
  neighbors(state: State, describedBy: string, options: SearchOptions): Neighbor[] | undefined {
    const found = this.#index.search(inVersion(state, describedBy), options);
    return found?.map(({ id, similarity }) => {
      const actions = tell(this.#states[id]!, options.k);
      if (!isSameState(similarity)) return { similarity, actions };
      return {
        similarity,
        actions: actions.map((action) => ({ ...action, latest: this.#withNovelty(action.latest) })),
      };
    });
  }

  /** @see StepReference.novelty */
  #withNovelty(steps: readonly StepReference[]): readonly StepReference[] {
    return steps.map((step) => {
      const { places } = this.#episodes.get(step.episodeId)!;
      let novelty = 0;
      let discount = this.#gamma;
      for (let i = step.step + 1; i < places.length && discount / 2 > novelty; i++) {
        novelty = Math.max(novelty, discount / (1 + this.#states[places[i]!.state]!.visits));
        discount *= this.#gamma;
      }
      return { ...step, novelty };
    });
  }

  #meanOf(pool: string): MeanReturn | undefined {
    const summary = this.#returns.get(pool)?.summary;
    return summary && { count: summary.count, mean: summary.mean };
  }

  #count(held: Held): void {
    held.returns.forEach((value, i) => {
      for (const pool of poolsOf(held, i)) {
        const running = this.#returns.get(pool) ?? new RunningReturns();
        this.#returns.set(pool, running);
        running.add(value);
      }
    });
  }

  #discount(held: Held): void {
    held.returns.forEach((value, i) => {
      for (const pool of poolsOf(held, i)) {
        this.#returns.get(pool)?.remove(value, () => this.#pooled(pool, held, i + 1));
      }
    });
  }

  /** The returns of a pool, and those of an episode that is half gone, from the one at `start` on. */
  *#pooled(pool: string, gone: Held, start: number): Iterable<number> {
    yield* returnsIn(pool, gone, start);
    for (const held of this.#episodes.values()) yield* returnsIn(pool, held, 0);
  }

  #place(episode: StoredEpisode, returns: readonly number[]): Held["places"] {
    return episode.steps.map((step, i) => {
      const state = this.#index.add(inVersion(step.state, episode.describedBy));
      const done = this.#states[state] ?? { actions: new Map(), visits: 0, told: undefined };
      this.#states[state] = done;
      const steps = done.actions.get(step.action) ?? [];
      done.actions.set(step.action, steps);
      const order = episode.sequence * STEPS_PER_EPISODE + i;
      const from = importedFrom(episode);
      insert(steps, {
        episodeId: episode.id,
        step: i,
        return: returns[i]!,
        chosenBy: step.chosenBy,
        order,
        later: this.#gamma > 0 ? episode.steps.length - 1 - i : 0,
        ...(from === undefined ? {} : { importedFrom: from }),
      });
      done.told = undefined;
      done.visits++;
      this.#index.touch(state, newest(done));
      this.#steps++;
      return { state, action: step.action, order };
    });
  }

  #remove({ state, action, order }: Held["places"][number]): void {
    const done = this.#states[state]!;
    const steps = done.actions.get(action)!;
    steps.splice(position(steps, order), 1);
    done.told = undefined;
    done.visits--;
    this.#steps--;
    if (steps.length === 0) done.actions.delete(action);
    if (done.visits === 0) {
      this.#states[state] = undefined;
      this.#index.remove(state);
    } else {
      this.#index.touch(state, newest(done));
    }
  }
}

/** Experience is compared only within one version of the state features, so the version is part of the partition. */
function inVersion(state: State, describedBy: string): State {
  return { features: state.features, partition: JSON.stringify([describedBy, state.partition ?? null]) };
}

function poolOf(describedBy: string, imported: boolean): string {
  return `${imported ? "imported" : "own"} ${describedBy}`;
}

/** The part of a pool whose steps kept to the base action, or left it. */
function partOf(pool: string, departure: Departure): string {
  return `${departure} ${pool}`;
}

/** Where the return of an episode's step of this index counts. */
function poolsOf({ pool, departures }: Held, step: number): string[] {
  const departure = departures[step];
  return departure ? [pool, partOf(pool, departure)] : [pool];
}

function* returnsIn(pool: string, held: Held, start: number): Iterable<number> {
  for (let i = start; i < held.returns.length; i++) {
    if (poolsOf(held, i).includes(pool)) yield held.returns[i]!;
  }
}

/** Who brought the episode in, where it is not the agent's own. */
function importedFrom({ metadata }: StoredEpisode): string | undefined {
  const from = metadata.importedFrom;
  return from === undefined ? undefined : String(from);
}

/** The actions of a state, the one taken last first. */
function tell(done: Done, k: number): readonly ActionEvidence[] {
  if (done.told?.k === k) return done.told.actions;
  const actions: ActionEvidence[] = [];
  for (const [action, steps] of done.actions) actions.push(summarise(action, steps, k));
  // Not as they came to this index, which another replica may have read in another order.
  if (actions.length > 1) actions.sort((a, b) => b.latest[0]!.order - a.latest[0]!.order);
  done.told = { k, actions };
  return actions;
}

function summarise(action: string, steps: readonly StepReference[], k: number): ActionEvidence {
  let mean = 0;
  let squares = 0;
  let best = steps[0]!;
  steps.forEach((step, i) => {
    const difference = step.return - mean;
    mean += difference / (i + 1);
    squares += difference * (step.return - mean);
    if (step.return >= best.return) best = step;
  });
  const spread = Math.sqrt(Math.max(0, squares) / steps.length);
  return { action, count: steps.length, mean, spread, best, latest: latestOf(steps, k) };
}

/** The last of the steps, the last one first. */
function latestOf(steps: readonly StepReference[], most: number): StepReference[] {
  const latest: StepReference[] = [];
  for (let i = steps.length - 1; i >= 0 && latest.length < most; i--) latest.push(steps[i]!);
  return latest;
}

function newest({ actions }: Done): number {
  let order = 0;
  for (const steps of actions.values()) order = Math.max(order, steps.at(-1)?.order ?? 0);
  return order;
}

/** Index of the first step that is not older than `order`. */
function position(steps: readonly StepReference[], order: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (steps[middle]!.order < order) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(steps: StepReference[], step: StepReference): void {
  steps.splice(position(steps, step.order), 0, step);
}
