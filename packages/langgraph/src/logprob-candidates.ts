import { type Candidate, JitRLError, logitsFromLogprobs, type Random, seededRandom } from "@jitrl/core";
import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { readAnswer } from "./answer.js";
import { type CandidateSource, withOwnCall } from "./candidates.js";
import type { MessagesState } from "./channels.js";
import { messagesOf } from "./messages-of.js";
import { transcript } from "./proposal-forms.js";
import { howToGetLogprobs, readLogprobs, type TokenPlace } from "./read-logprobs.js";
import { callsFromPayload } from "./tool-call.js";
import { unstreamed } from "./unstreamed.js";

/** A chat model, or one with settings bound to it. */
export interface LetteringModel {
  invoke(messages: BaseMessage[], config?: RunnableConfig): Promise<BaseMessage>;
  getName?(): string;
}

export interface LogprobCandidatesOptions<S extends object = MessagesState> {
  /**
   * Answers with one letter, and is set up so that its answers have top log-probabilities, the more of them the
   * better (most APIs give 20 at most). No tools are sent to it: calls of tools carry no log-probabilities on most
   * servers. Where and how to ask for them is in the guide to models.
   */
  model: LetteringModel;
  /** Where the options come from, such as `functionCandidates`, `recalledCandidates` or `sampledCandidates`. The agent's own call is always among them. */
  options: CandidateSource<S>;
  /**
   * Models like some letters better than others, whatever they stand for. With `true` the model is asked a second
   * time with the options in reverse, and the mean of both counts: one model call a step more.
   *
   * @default false: asked once, in an order that differs from question to question
   */
  bothOrders?: boolean;
  /** Of the order in which options get their letters: the same question has the same order. An integer. @default 0 */
  seed?: number;
  /** Least logit that an option may get, below 0. @default -20 */
  floor?: number;
  /** What else the model should know, as a sentence or two. */
  instructions?: string;
  /** Tells the model what situation it chooses in. @default a transcript of the messages; a graph without messages must give one */
  describe?: (state: S) => string;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/**
 * Weighs options that come from another source: they are lettered, the model answers with one letter, and the
 * log-probabilities of the letters are the logits. Costs one call a step, of one token, besides what `options` cost.
 *
 * - Upper and lower case, spaces and brackets around a letter count as that letter; their probabilities add up.
 * - A letter that is not among the top log-probabilities could at most be as likely as the least of those, and as all
 *   that is left of the probability: it gets the lesser of the two, and never less than `floor`.
 * - There are 26 letters. Of more options those with the highest logits of their own are asked about, the agent's own
 *   call among them, and the others get `floor`. Few options work better: beyond 20 most APIs cannot tell them apart.
 *
 * @throws JitRLError `candidates-failed` where the answer has no log-probabilities, naming what to do, or no letter;
 * `invalid-input` for options that it cannot work with
 */
export function logprobCandidates<S extends object = MessagesState>(
  options: LogprobCandidatesOptions<S>,
): CandidateSource<S> {
  const { model, options: source, bothOrders = false, seed = 0, floor = -20, instructions = "" } = options;
  if (typeof model?.invoke !== "function" || typeof source !== "function") {
    throw new JitRLError(
      "invalid-input",
      "Expected { model, options }: a chat model, and a source of the options such as functionCandidates.",
    );
  }
  if (!Number.isInteger(seed))
    throw new JitRLError("invalid-input", `Expected seed to be an integer, found ${seed}.`);
  if (!Number.isFinite(floor) || floor >= 0)
    throw new JitRLError("invalid-input", `Expected floor to be a number < 0, found ${floor}.`);

  const ask = async (prompt: string, count: number, config: RunnableConfig) => {
    const quiet = { ...unstreamed(config), runName: "jitrl:candidates" };
    const message = await model.invoke([new HumanMessage(prompt)], quiet);
    const places = readLogprobs(message);
    if (!places) {
      const name = model.getName?.() ?? "model";
      throw new JitRLError(
        "candidates-failed",
        `Expected log-probabilities with the answer of ${name}, found none. ${howToGetLogprobs(message, name)}`,
      );
    }
    return logitsFromLogprobs(letterLogprobs(places, count), { floor });
  };

  return async (request) => {
    const { state, call, actionKey, config } = request;
    config.signal?.throwIfAborted();
    const listed = await source(request);
    const all = call ? withOwnCall(listed, call, actionKey) : [...listed];
    if (all.length < 2) return all;
    const asked = lettered(all);
    const situation = situationOf(state, options.describe);
    const order = shuffled(asked, seededRandom(seed ^ hash(situation)));
    const orders = bothOrders ? [order, order.toReversed()] : [order];
    const shares = await Promise.all(
      orders.map(async (some) =>
        sharesByCandidate(some, await ask(promptFor(some, situation, instructions), some.length, config)),
      ),
    );
    return all.map((candidate) => {
      const mean = shares.reduce((sum, share) => sum + (share.get(candidate) ?? 0), 0) / shares.length;
      return { ...candidate, logit: Math.max(floor, Math.log(mean)) };
    });
  };
}

/** Each candidate's share of the probability of all letters asked about. */
function sharesByCandidate(asked: readonly Candidate[], logits: readonly number[]): Map<Candidate, number> {
  const top = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return new Map(asked.map((candidate, i) => [candidate, weights[i]! / total]));
}

/** The candidates that get a letter: the first, which is the agent's own call where there is one, and the likeliest. */
function lettered(all: readonly Candidate[]): readonly Candidate[] {
  const [first, ...others] = all;
  if (!first || all.length <= letters.length) return all;
  return [first, ...others.sort((a, b) => b.logit - a.logit).slice(0, letters.length - 1)];
}

/**
 * The log-probability of each letter at the first place where the answer is one; else where a letter might have
 * stood, since what was sampled may be a word or a line break all the same.
 */
function letterLogprobs(places: readonly TokenPlace[], count: number): number[] {
  const place =
    places.find(({ chosen }) => letterOf(chosen.token, count) !== undefined) ??
    places.find(({ top }) => top.some(({ token }) => letterOf(token, count) !== undefined));
  if (!place) {
    throw new JitRLError(
      "candidates-failed",
      `Expected the model to answer with a letter from A to ${letters[count - 1]}, found "${places[0]?.chosen.token ?? ""}" and no such letter among the likeliest tokens.`,
    );
  }
  const probabilities = new Array<number>(count).fill(0);
  let told = 0;
  for (const { token, logprob } of place.top) {
    const probability = Math.exp(Math.min(0, logprob));
    told += probability;
    const letter = letterOf(token, count);
    if (letter !== undefined) probabilities[letter] = probabilities[letter]! + probability;
  }
  const least = place.top.reduce((low, { logprob }) => Math.min(low, logprob), 0);
  const missing = Math.min(least, Math.log(Math.max(0, 1 - told)));
  return probabilities.map((probability) => (probability > 0 ? Math.min(0, Math.log(probability)) : missing));
}

/** Spaces, brackets, quotes and the like that a tokenizer or a model puts around a letter; ▁ and Ġ mean a space. */
const bareLetter = /^[\s▁Ġ("'[*]*([A-Za-z])[\s)"'\].:*]*$/u;

function letterOf(token: string, count: number): number | undefined {
  const letter = letters.indexOf(bareLetter.exec(token)?.[1]?.toUpperCase() ?? "-");
  return letter >= 0 && letter < count ? letter : undefined;
}

function situationOf<S extends object>(state: S, describe: ((state: S) => string) | undefined): string {
  if (describe) return describe(state);
  const messages = messagesOf(state);
  if (!messages) {
    throw new JitRLError(
      "invalid-input",
      "logprobCandidates found no messages to tell the model: give the option describe, which says what situation a state is.",
    );
  }
  return transcript(messages);
}

function promptFor(asked: readonly Candidate[], situation: string, instructions: string): string {
  return [
    "You judge what an agent should do next. Below are the situation and its options, each with a letter. Answer with the letter of the best option and nothing else.",
    ...(instructions ? [instructions] : []),
    `# Situation\n${situation}`,
    `# Options\n${asked.map((candidate, i) => `${letters[i]}: ${told(candidate)}`).join("\n")}`,
    "The letter of the best option:",
  ].join("\n\n");
}

function told({ action, payload }: Candidate): string {
  const answer = readAnswer(payload);
  if (answer) return `answer the user${answer.text === undefined ? "" : `: ${answer.text}`}`;
  const calls = callsFromPayload(payload);
  return calls?.map(({ name, args }) => `${name} ${JSON.stringify(args)}`).join(" and ") ?? action;
}

function shuffled(candidates: readonly Candidate[], random: Random): readonly Candidate[] {
  const order = [...candidates];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** FNV-1a, for an order that differs from question to question. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
