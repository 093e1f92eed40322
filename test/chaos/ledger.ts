import type { Operation, WorkerLine } from "./messages.js";

interface Entry {
  readonly operation: Operation;
  readonly begun: number;
  ended?: number;
  outcome?: string;
}

/** What Redis holds of an episode, read without the code under test. */
export interface HeldEpisode {
  readonly revision: number;
  readonly sequence: number;
  readonly rewards: readonly string[];
}

export interface Verdict {
  /** Acknowledged and not there. */
  readonly lost: readonly string[];
  /** There twice, or counted twice. */
  readonly doubled: readonly string[];
  /** Forgotten, acknowledged, and there. */
  readonly resurrected: readonly string[];
  /** There, and never begun by anybody. */
  readonly invented: readonly string[];
}

/** Notes what all workers began and what was acknowledged to them, and says what must be there in the end. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly counts = { begun: 0, acknowledged: 0, buffered: 0, unavailable: 0, failed: 0, gaveUp: 0 };
  /** Outcomes that nobody expects, with how often they came. */
  readonly failures = new Map<string, number>();

  note(line: WorkerLine): void {
    if (line.line === "begin") {
      this.#entries.set(line.op, { operation: line.operation, begun: line.at });
      this.counts.begun++;
    } else if (line.line === "end") {
      const entry = this.#entries.get(line.op);
      if (!entry) throw new Error(`The operation ${line.op} ended and never began.`);
      entry.ended = line.at;
      entry.outcome = line.outcome;
      if (isAcknowledged(entry)) this.counts.acknowledged++;
      else if (line.outcome === "buffered") this.counts.buffered++;
      else if (line.outcome === "store-unavailable") this.counts.unavailable++;
      else if (!["forgotten", "episode-not-found"].includes(line.outcome)) {
        this.counts.failed++;
        this.failures.set(line.outcome, (this.failures.get(line.outcome) ?? 0) + 1);
      }
    } else if (line.line === "gave-up") this.counts.gaveUp++;
  }

  /** A replica ended by itself. */
  crash(code: number): void {
    const name = `replica ended by itself with code ${code}`;
    this.counts.failed++;
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
  }

  /** Ids of all episodes that anybody began to learn. */
  get ids(): string[] {
    return [...this.#entries.values()].flatMap(({ operation }) =>
      operation.kind === "learn" ? [operation.id] : [],
    );
  }

  judge(held: ReadonlyMap<string, HeldEpisode>): Verdict {
    const entries = [...this.#entries.values()];
    const forgets = entries.filter(({ operation }) => operation.kind === "forget");
    const lost: string[] = [];
    const doubled: string[] = [];
    const resurrected: string[] = [];
    const known = new Set<string>();
    for (const entry of entries) {
      const { operation } = entry;
      if (operation.kind !== "learn") continue;
      known.add(operation.id);
      const covers = forgets.filter((forget) => names(forget.operation, operation));
      const surely = covers.some((forget) => isAcknowledged(forget) && isCovered(forget, operation));
      const perhaps = covers.some((forget) => isPerhapsCovered(forget, operation));
      const there = held.has(operation.id);
      if (there && surely) resurrected.push(operation.id);
      if (!there && !perhaps && isAcknowledged(entry)) lost.push(operation.id);
    }
    for (const { operation, outcome } of entries) {
      if (operation.kind !== "feedback" || (outcome !== "stored" && outcome !== "duplicate")) continue;
      const episode = held.get(operation.id);
      if (episode && !episode.rewards.includes(operation.rewardId)) lost.push(`reward ${operation.rewardId}`);
    }
    const sequences = new Map<number, string>();
    for (const [id, { revision, sequence, rewards }] of held) {
      // One reward came with it, and each revision brought one.
      if (new Set(rewards).size !== rewards.length || revision !== rewards.length) doubled.push(id);
      if (sequences.has(sequence)) doubled.push(`sequence ${sequence}`);
      sequences.set(sequence, id);
    }
    return { lost, doubled, resurrected, invented: [...held.keys()].filter((id) => !known.has(id)) };
  }
}

function isAcknowledged({ operation, outcome }: Entry): boolean {
  if (operation.kind === "forget") return outcome === "forgotten";
  return outcome === "stored" || outcome === "duplicate";
}

function names(forget: Operation, learned: Operation): boolean {
  if (forget.kind !== "forget" || learned.kind !== "learn") return false;
  const { selector } = forget;
  if ("episodeId" in selector) return selector.episodeId === learned.id;
  if ("threadId" in selector) return selector.threadId === learned.threadId;
  return "metadata" in selector && selector.metadata.user === learned.user;
}

/** It began before the deletion did, so it is refused whenever it comes. */
function isCovered(forget: Entry, learned: Operation): boolean {
  if (forget.operation.kind === "forget" && "episodeId" in forget.operation.selector) return true;
  return learned.kind === "learn" && learned.at <= forget.begun;
}

/** A deletion that was not acknowledged may have been carried out at any time. */
function isPerhapsCovered(forget: Entry, learned: Operation): boolean {
  if (forget.operation.kind === "forget" && "episodeId" in forget.operation.selector) return true;
  if (!isAcknowledged(forget)) return true;
  return learned.kind === "learn" && learned.at <= (forget.ended ?? Number.POSITIVE_INFINITY);
}
