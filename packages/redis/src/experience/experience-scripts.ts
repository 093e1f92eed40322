import { JitRLError, type PutResult } from "@jitrl/core";
import type { ExperienceKeys } from "../keys.js";
import { Script, type ScriptRunner } from "../script.js";
import type { EncodedEpisode } from "./episode-codec.js";
import { namesOf, parseKeySet } from "./forgotten-names.js";

/** How far a feed is: the number of the latest change, and its token, which no other change has. */
export interface FeedPosition {
  readonly changes: number;
  readonly token: string;
}

/** A head as it is stored, with its place. */
export interface RawHead {
  readonly member: string;
  readonly sequence: string;
  readonly head: unknown;
}

export interface RawEpisode extends RawHead {
  readonly rest: unknown;
}

/** An episode to be stored. */
export interface PutEntry {
  readonly encoded: EncodedEpisode;
  /** The revision that has to be there; 0 for none. */
  readonly expectedRevision: number;
}

/** What is written once; each call may go to another connection. */
export interface ScriptSettings {
  /** Pairs of name and value for `open.lua`. */
  readonly settings: readonly string[];
  readonly now: (() => number) | undefined;
  readonly token: () => string;
}

const scripts = {
  open: new Script("open"),
  put: new Script("put"),
  get: new Script("get"),
  scan: new Script("scan"),
  heads: new Script("heads"),
  forget: new Script("forget"),
  remove: new Script("remove"),
  clear: new Script("clear"),
  sweep: new Script("sweep"),
  use: new Script("use"),
  status: new Script("status"),
};

/** Episodes removed by one script: some milliseconds of the server's time. */
export const BATCH = 500;
/** How often a put may find that something was forgotten by other metadata keys than it knew. */
const MOST_ATTEMPTS = 100;
/** Bytes after which a page of a scan ends. */
const PAGE_BYTES = 1_000_000;

/** The scripts of the experience of one namespace, as functions. */
export class ExperienceScripts {
  readonly #keys: readonly string[];
  readonly #settings: ScriptSettings;
  /** The sets of metadata keys that something was forgotten by, and their version. */
  #keySets: { readonly version: string; readonly sets: readonly (readonly string[])[] } = {
    version: "",
    sets: [],
  };

  /** The epoch of the namespace to which the settings were applied. */
  #epoch = "";

  constructor(keys: ExperienceKeys, settings: ScriptSettings) {
    const { meta, heads, episodes, order, ages, uses, forgotten, keySets, feed } = keys;
    this.#keys = [meta, heads, episodes, order, ages, uses, forgotten, keySets, feed];
    this.#settings = settings;
  }

  /** One of the keys, which are all in one slot. */
  get key(): string {
    return this.#keys[0] ?? "";
  }

  /** Makes the namespace ready, with the settings, and applies its limits. */
  async open(client: ScriptRunner): Promise<FeedPosition> {
    const values = [this.#now, this.#settings.token(), ...this.#settings.settings];
    const [, changes, token, epoch, ...keySets] = accepted(
      await scripts.open.run(client, this.#keys, values),
      "open",
    );
    this.#epoch = string(epoch);
    this.#knowKeySets(keySets);
    while (await this.sweep(client));
    return { changes: number(changes), token: string(token) };
  }

  /** @returns what became of each, and the change of the feed if one was made */
  async put(
    client: ScriptRunner,
    entries: readonly PutEntry[],
  ): Promise<{ readonly outcomes: readonly (PutResult | JitRLError)[]; readonly position?: FeedPosition }> {
    for (let attempt = 0; ; attempt++) {
      const token = this.#settings.token();
      const { version, sets } = this.#keySets;
      const values = [this.#now, token, version];
      for (const { encoded, expectedRevision } of entries) {
        const { member, digest, known, head, rest } = encoded;
        const names = namesOf(known, sets);
        values.push(member, String(expectedRevision), digest, String(known.at), head, rest);
        values.push(String(names.length), ...names);
      }
      const reply = await this.#call(client, "put", values);
      if (reply[0] === "put") {
        const outcomes = entries.map(({ encoded }, i) => outcome(reply[i + 2], encoded.known.id));
        const changes = number(reply[1]);
        return changes > 0 ? { outcomes, position: { changes, token } } : { outcomes };
      }
      if (attempt === MOST_ATTEMPTS) throw foreign("put", "sets of metadata keys that keep changing");
      // A namespace that was flushed and opened by others lacks the settings of this store.
      if (reply[2] !== this.#epoch) await this.open(client);
      this.#knowKeySets([reply[1], ...reply.slice(3)]);
    }
  }

  /**
   * @param use whether it counts as a use of the episodes
   * @returns each in its place, undefined where it is not there
   */
  async get(
    client: ScriptRunner,
    members: readonly string[],
    use: boolean,
  ): Promise<(RawEpisode | undefined)[]> {
    const noted = use ? this.#now || "server" : "";
    const found: (RawEpisode | undefined)[] = [];
    while (found.length < members.length) {
      const asked = members.slice(found.length);
      const reply = await this.#call(client, "get", [noted, String(PAGE_BYTES), ...asked]);
      for (const [i, [head, rest, sequence]] of grouped(reply, 3).entries()) {
        const there = head !== null || rest !== null || sequence !== null;
        found.push(there ? { member: asked[i] ?? "", head, rest, sequence: String(sequence) } : undefined);
      }
    }
    return found;
  }

  async scan(client: ScriptRunner, after: string, limit: number): Promise<RawEpisode[]> {
    const reply = await this.#call(client, "scan", [after, String(limit), String(PAGE_BYTES)]);
    return grouped(reply, 4).map(([member, sequence, head, rest]) => {
      return { member: string(member), sequence: string(sequence), head, rest };
    });
  }

  async heads(client: ScriptRunner, after: string, last: string): Promise<RawHead[]> {
    const reply = await this.#call(client, "heads", [after, last, String(2 * BATCH)]);
    return grouped(reply, 3).map(([member, sequence, head]) => {
      return { member: string(member), sequence: string(sequence), head };
    });
  }

  async use(client: ScriptRunner, members: readonly string[]): Promise<void> {
    const [status, reason] = await this.#call(client, "use", [this.#now, ...members]);
    // No reason to hold the server for unreachable, as the same fault of a write would be.
    if (status === "failed")
      throw new JitRLError("store-failed", `The use of episodes could not be noted: ${string(reason)}`);
  }

  /** @returns the latest sequence that was given */
  async forget(client: ScriptRunner, name: string, keySet: string): Promise<string> {
    const [, last] = await this.#call(client, "forget", [this.#now, this.#settings.token(), name, keySet]);
    return String(number(last));
  }

  /** @returns the members that were there and are gone */
  async remove(client: ScriptRunner, found: readonly RawHead[]): Promise<string[]> {
    const pairs = found.flatMap(({ member, sequence }) => [member, sequence]);
    const [, ...members] = await this.#call(client, "remove", [this.#settings.token(), ...pairs]);
    return members.map(string);
  }

  async clear(client: ScriptRunner): Promise<void> {
    await this.#call(client, "clear", []);
  }

  /** @returns whether there may be more to remove */
  async sweep(client: ScriptRunner): Promise<boolean> {
    const values = [this.#now, this.#settings.token(), String(BATCH)];
    const [status, more] = accepted(await scripts.sweep.run(client, this.#keys, values), "sweep");
    return status === "swept" && more === 1;
  }

  /** Undefined where the namespace is not there: nobody opened it, or it was flushed. */
  async status(client: ScriptRunner): Promise<(FeedPosition & { readonly episodes: number }) | undefined> {
    const [status, changes, token, episodes] = accepted(
      await scripts.status.run(client, this.#keys, []),
      "status",
    );
    if (status === "closed") return undefined;
    return { changes: number(changes), token: string(token), episodes: number(episodes) };
  }

  #knowKeySets([version, ...sets]: readonly unknown[]): void {
    this.#keySets = { version: string(version), sets: sets.map((text) => parseKeySet(string(text))) };
  }

  /** Opens a namespace that went away, as by a flush, and tries again. */
  async #call(
    client: ScriptRunner,
    name: keyof typeof scripts,
    values: readonly string[],
  ): Promise<unknown[]> {
    for (let attempt = 0; ; attempt++) {
      const reply = accepted(await scripts[name].run(client, this.#keys, values), name);
      if (reply[0] !== "closed") return reply;
      if (attempt === 3) throw foreign(name, "a namespace that keeps vanishing");
      await this.open(client);
    }
  }

  get #now(): string {
    return this.#settings.now ? String(this.#settings.now()) : "";
  }
}

export function unreadableEntry(id: string, cause?: unknown): JitRLError {
  return new JitRLError(
    "store-corrupt",
    `Expected the entry of the episode "${id.slice(0, 80)}" to be readable, found one that is damaged or of a newer version. It was set aside: delete it by its id, restore it from a backup, or upgrade this package.`,
    { cause, details: { episodeId: id } },
  );
}

function accepted(reply: unknown, name: string): unknown[] {
  if (!Array.isArray(reply) || typeof reply[0] !== "string") throw foreign(name, "another reply");
  if (reply[0] === "newer") {
    throw new JitRLError(
      "store-corrupt",
      "Expected a namespace of version 0, found one of a newer version. Upgrade @jitrl/redis.",
    );
  }
  return reply;
}

/** @returns an error for an episode in whose place there is something that cannot be read */
function outcome(reply: unknown, id: string): PutResult | JitRLError {
  const [status, revision, sequence] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  switch (status) {
    case "stored":
    case "duplicate":
      return { status, revision: number(revision), sequence: number(sequence) };
    case "conflict":
      return { status, revision: number(revision) };
    case "forgotten":
      return { status };
    case "unreadable":
      return unreadableEntry(id);
    default:
      throw foreign("put", "another outcome");
  }
}

function grouped(reply: readonly unknown[], size: number): unknown[][] {
  const groups: unknown[][] = [];
  for (let i = 1; i < reply.length; i += size) groups.push(reply.slice(i, i + size));
  return groups;
}

function number(value: unknown): number {
  if (typeof value !== "number") throw foreign("number", typeof value);
  return value;
}

function string(value: unknown): string {
  if (typeof value !== "string") throw foreign("text", typeof value);
  return value;
}

function foreign(what: string, found: string): JitRLError {
  return new JitRLError("store-failed", `Expected the documented reply (${what}), found ${found}.`);
}
