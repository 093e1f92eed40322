import { createHash } from "node:crypto";
import { type Episode, parseEpisode, type Step, type StoredEpisode } from "@jitrl/core";

/** An episode as it is stored, but for its revision and its sequence, which the put script gives. */
export interface EncodedEpisode {
  readonly episode: Episode;
  readonly member: string;
  /** The members of the head after the digest, as JSON without the opening brace. */
  readonly head: string;
  /** Ends, steps, rewards and what is awaited, transcript, version of the features: JSON. */
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
  const rest = JSON.stringify({
    end: episode.end,
    steps: episode.steps.map(packStep),
    ...(episode.rewards.length === 0 ? {} : { rewards: episode.rewards }),
    ...(episode.awaiting ? { awaiting: episode.awaiting } : {}),
    ...(episode.transcript === undefined ? {} : { transcript: episode.transcript }),
    ...(episode.describedBy === "" ? {} : { describedBy: episode.describedBy }),
  });
  const member = memberOf(id);
  return { episode, member, head, rest, digest: digestOf(member, head, rest) };
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
  const { end, steps, rewards, awaiting, transcript, describedBy } = object(parseJson(rest));
  try {
    const episode = parseEpisode({
      id: idOf(member),
      revision: head.revision,
      threadId: head.threadId,
      at: head.at,
      end,
      steps: unpackSteps(steps),
      rewards: rewards ?? [],
      awaiting,
      transcript,
      metadata: head.metadata,
      describedBy: describedBy ?? "",
    });
    return { ...episode, sequence: head.sequence };
  } catch (error) {
    throw new Unreadable(error instanceof Error ? error.message : String(error));
  }
}

/** A step with its features in one order, and the tokens of each as one text where no token holds a space. */
function packStep(step: Step): object {
  const features = Object.entries(sorted(step.state.features)).map(([name, feature]): [string, object] => {
    const plain =
      feature.tokens.length > 0 && !feature.tokens.some((token) => token === "" || token.includes(" "));
    return [name, plain ? { ...feature, tokens: feature.tokens.join(" ") } : feature];
  });
  return { ...step, state: { ...step.state, features: Object.fromEntries(features) } };
}

/** Undoes {@link packStep}; what is not of its form is left for the parser to refuse. */
function unpackSteps(steps: unknown): unknown {
  if (!Array.isArray(steps)) return steps;
  for (const step of steps as readonly unknown[]) {
    const state = isObject(step) ? step.state : undefined;
    const features = isObject(state) ? state.features : undefined;
    for (const feature of isObject(features) ? Object.values(features) : []) {
      if (isObject(feature) && typeof feature.tokens === "string") feature.tokens = feature.tokens.split(" ");
    }
  }
  return steps;
}

/** 144 bits: the same for the same content, whatever its revision. */
function digestOf(member: string, head: string, rest: string): string {
  return createHash("sha256").update(`${member}\n${head}\n${rest}`).digest("base64url").slice(0, 24);
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
