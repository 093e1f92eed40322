import { hash } from "node:crypto";
import { type Episode, type Feature, parseEpisode, type Step, type StoredEpisode } from "@jitrl/core";

/** An episode as it is stored, but for its revision and its sequence, which the put script gives. */
export interface EncodedEpisode {
  /** What it is known by, and would be forgotten by. */
  readonly known: Pick<Episode, "id" | "threadId" | "at" | "metadata">;
  readonly member: string;
  /** The members of the head after the digest, as JSON without the opening brace. */
  readonly head: string;
  /**
   * A line of JSON: end, steps, rewards and what is awaited, transcript, version of the features. After it come the
   * tokens of all steps, one a line; where they stand in the steps is how many of them.
   */
  readonly rest: string;
  readonly digest: string;
}

export interface Head {
  readonly revision: number;
  readonly sequence: number;
  readonly digest: string;
  readonly at: number;
  readonly threadId?: string;
  readonly metadata: Episode["metadata"];
  /** As in {@link EncodedEpisode}. */
  readonly text: string;
}

/** An entry that cannot be read. */
export class Unreadable extends Error {
  /** Written by a newer version of the format, so not damaged. */
  readonly newer: boolean;

  constructor(reason: string, newer = false) {
    super(reason);
    this.newer = newer;
  }
}

/** An id as a member of Redis' collections. Lone surrogates, which UTF-8 cannot hold, are escaped as in JSON. */
export function memberOf(id: string): string {
  return id.startsWith('"') || /\p{Surrogate}/u.test(id) ? JSON.stringify(id) : id;
}

/** @throws Unreadable */
export function idOf(member: string): string {
  if (!member.startsWith('"')) return member;
  const id = parseJson(member);
  if (typeof id !== "string" || id === "") throw new Unreadable("its id is not a text");
  return id;
}

/** @param episode as `parseEpisode` gives it */
export function encodeEpisode(episode: Episode): EncodedEpisode {
  const { id, at, threadId, metadata } = episode;
  const head = JSON.stringify({
    at,
    ...(threadId === undefined ? {} : { t: threadId }),
    ...(Object.keys(metadata).length === 0 ? {} : { m: sorted(metadata) }),
  }).slice(1);
  const { steps, tokens } = packSteps(episode.steps);
  const content = JSON.stringify({
    end: episode.end,
    steps,
    ...(episode.rewards.length === 0 ? {} : { rewards: episode.rewards }),
    ...(episode.awaiting ? { awaiting: episode.awaiting } : {}),
    ...(episode.transcript === undefined ? {} : { transcript: episode.transcript }),
    ...(episode.describedBy === "" ? {} : { describedBy: episode.describedBy }),
  });
  const rest = tokens === undefined ? content : `${content}\n${tokens}`;
  const member = memberOf(id);
  const known = { id, at, metadata, ...(threadId === undefined ? {} : { threadId }) };
  return { known, member, head, rest, digest: digestOf(member, head, rest) };
}

/** The episode that was encoded, as if it were stored in its first revision. */
export function encodedEpisode({ member, head, rest, digest }: EncodedEpisode): Episode {
  return decodeEpisode(member, 0, `{"v":0,"r":1,"s":0,"h":"${digest}",${head}`, rest);
}

/** @throws Unreadable */
export function decodeHead(text: unknown): Head {
  if (typeof text !== "string") throw new Unreadable("its head is missing");
  const [, revision, sequence, digest, rest] =
    /^\{"v":0,"r":(\d+),"s":(\d+),"h":"([\w-]*)",(.*)$/s.exec(text) ?? [];
  if (rest === undefined || digest === undefined) {
    const version = /^\{"v":(\d+)[,}]/.exec(text)?.[1];
    throw new Unreadable("its head is not of the documented form", version !== undefined && version !== "0");
  }
  const { at, t, m } = object(parseJson(`{${rest}`));
  const metadata: Record<string, string | number | boolean> = Object.create(null);
  for (const [key, value] of Object.entries(object(m ?? {}))) {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
      throw new Unreadable("its metadata are not plain values");
    metadata[key] = value;
  }
  if (typeof at !== "number" || (t !== undefined && typeof t !== "string"))
    throw new Unreadable("its head lacks a member");
  return {
    revision: Number(revision),
    sequence: Number(sequence),
    digest,
    at,
    ...(t === undefined ? {} : { threadId: t }),
    metadata,
    text: rest,
  };
}

/**
 * What is stored is trusted no more than what a caller gives: it is checked against its digest, and parsed.
 *
 * @param sequence where the order of episodes has it
 * @throws Unreadable
 */
export function decodeEpisode(
  member: string,
  sequence: unknown,
  headText: unknown,
  rest: unknown,
): StoredEpisode {
  const head = decodeHead(headText);
  if (typeof rest !== "string") throw new Unreadable("its steps are missing");
  if (Number(sequence) !== head.sequence) throw new Unreadable("its place in the order is not its own");
  if (digestOf(member, head.text, rest) !== head.digest)
    throw new Unreadable("its digest is not that of its content");
  const [content, tokens] = split(rest);
  const { end, steps, rewards, awaiting, transcript, describedBy } = object(parseJson(content));
  try {
    const given = {
      id: idOf(member),
      revision: head.revision,
      threadId: head.threadId,
      at: head.at,
      end,
      steps: unpackSteps(steps, tokens),
      rewards: rewards ?? [],
      awaiting,
      transcript,
      metadata: head.metadata,
      describedBy: describedBy ?? "",
    };
    return { ...parseEpisode(given, "taken"), sequence: head.sequence };
  } catch (error) {
    throw new Unreadable(error instanceof Error ? error.message : String(error));
  }
}

/** Steps with their tokens beside them, one a line, if there are any and they can be told apart so. */
function packSteps(steps: readonly Step[]): { readonly steps: readonly object[]; readonly tokens?: string } {
  const bags: string[] = [];
  let count = 0;
  const packed = steps.map((step) =>
    withFeatures(step, ({ tokens, weight }) => {
      if (tokens.length > 0) bags.push(tokens.join("\n"));
      count += tokens.length;
      return { tokens: tokens.length, weight };
    }),
  );
  const tokens = bags.join("\n");
  if (linesIn(tokens) === count && !/\p{Surrogate}/u.test(tokens)) return { steps: packed, tokens };
  return { steps: steps.map((step) => withFeatures(step, (feature) => feature)) };
}

/** A step with its features in one order. */
function withFeatures(step: Step, pack: (feature: Feature) => object): object {
  const features = Object.entries(sorted(step.state.features)).map(([name, feature]): [string, object] => [
    name,
    pack(feature),
  ]);
  return { ...step, state: { ...step.state, features: Object.fromEntries(features) } };
}

function linesIn(text: string): number {
  let count = 1;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) count++;
  return count;
}

/**
 * Undoes {@link packSteps}; what is not of its form is left for the parser to refuse.
 *
 * @throws Unreadable for another number of tokens than the steps have
 */
function unpackSteps(steps: unknown, tokens: readonly string[]): unknown {
  let from = 0;
  for (const step of Array.isArray(steps) ? (steps as readonly unknown[]) : []) {
    const state = isObject(step) ? step.state : undefined;
    const features = isObject(state) ? state.features : undefined;
    for (const feature of isObject(features) ? Object.values(features) : []) {
      if (!isObject(feature) || typeof feature.tokens !== "number") continue;
      const to = from + feature.tokens;
      feature.tokens = tokens.slice(from, to);
      from = to;
    }
  }
  if (from !== tokens.length) throw new Unreadable("its tokens are not as many as its steps say");
  return steps;
}

/** The JSON and the tokens of {@link EncodedEpisode.rest}. */
function split(rest: string): [content: string, tokens: readonly string[]] {
  const end = rest.indexOf("\n");
  return end < 0 ? [rest, []] : [rest.slice(0, end), rest.slice(end + 1).split("\n")];
}

/** 144 bits: the same for the same content, whatever its revision. */
function digestOf(member: string, head: string, rest: string): string {
  return hash("sha256", `${member}\n${head}\n${rest}`, "base64url").slice(0, 24);
}

/** The same members in one order, so that equal content gives equal text. */
function sorted<T>(members: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  const names = Object.keys(members);
  if (names.every((name, i) => i === 0 || names[i - 1]! < name)) return members;
  return Object.fromEntries(names.sort().map((name): [string, T] => [name, members[name]!]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Unreadable(error instanceof Error ? error.message : String(error));
  }
}

function object(value: unknown): Record<string, unknown> {
  if (!isObject(value) || Array.isArray(value)) throw new Unreadable("it is not an object");
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
