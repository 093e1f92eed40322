import { finite, invalid, list, record, string } from "./check.js";
import { JitRLError } from "./errors.js";
import { canonicalJson, setMember } from "./json.js";
import { type NormalizeText, normalizeText } from "./normalize-text.js";

/** One named part of a state. */
export interface Feature {
  /** A bag: a token that stands twice counts twice. A set is a bag without repeats. */
  readonly tokens: readonly string[];
  /** Share of this part in the similarity, ≥ 0; the weights of a state are divided by their sum. */
  readonly weight: number;
}

/** A situation, as compact text features that are compared by Jaccard similarity. */
export interface State {
  readonly features: Readonly<Record<string, Feature>>;
  /** States are compared only within equal partitions: a tenant, a URL, an intent. */
  readonly partition?: string;
}

/** A state, or a plain text as the simple case: one feature `text` of its words. */
export type StateInput = string | State;

/** Most tokens that a state may have over all its features. */
export const MAX_STATE_TOKENS = 20_000;

/** Options of the feature builders. */
export interface FeatureOptions {
  /** @default 1 */
  weight?: number;
  /** How text is prepared; `false` takes it as it stands. @default normalizeText */
  normalize?: NormalizeText | false;
}

/** Punctuation at the edges of a word; the lookbehind keeps long runs of it inside a word from costing quadratic time. */
const edges = /^[.:'’`*_~/\\-]+|(?<![.:'’`*_~/\\-])[.:'’`*_~/\\-]+$/gu;

/** Splits into words: at white space, with punctuation at the edges of words taken off unless `normalize` is `false`. */
function split(text: string, normalize: NormalizeText | false): string[] {
  if (normalize === false) return text.split(/\s+/u).filter(Boolean);
  return normalize(text)
    .split(/[\s,;!?"“”„()[\]{}|]+/u)
    .map((word) => word.replace(edges, ""))
    .filter(Boolean);
}

/** The set of words of a text. */
export function words(text: string, options: FeatureOptions = {}): Feature {
  return {
    tokens: [...new Set(split(text, options.normalize ?? normalizeText))],
    weight: options.weight ?? 1,
  };
}

/**
 * The multiset of runs of `n` neighbouring words (or characters) of a text; a text shorter than `n` is one run.
 *
 * @param n length of a run, an integer ≥ 1
 */
export function ngrams(
  text: string,
  n: number,
  options: FeatureOptions & { /** @default "word" */ unit?: "word" | "character" } = {},
): Feature {
  if (!Number.isInteger(n) || n < 1) {
    throw new JitRLError("invalid-input", `Expected n of ngrams to be an integer ≥ 1, found ${n}.`);
  }
  const normalize = options.normalize ?? normalizeText;
  const byCharacter = options.unit === "character";
  const units = byCharacter ? [...(normalize === false ? text : normalize(text))] : split(text, normalize);
  const joint = byCharacter ? "" : " ";
  const tokens: string[] = [];
  for (let i = 0; i + n <= units.length; i++) tokens.push(units.slice(i, i + n).join(joint));
  if (tokens.length === 0 && units.length > 0) tokens.push(units.join(joint));
  return { tokens, weight: options.weight ?? 1 };
}

/** A feature of tokens that the caller made, as a bag: repeats count. */
export function bag(tokens: Iterable<string>, options: { weight?: number } = {}): Feature {
  return { tokens: [...tokens], weight: options.weight ?? 1 };
}

/**
 * Quantities by size: each named number becomes the one interval between the given edges that holds it, so that
 * 31 and 45 days are the same situation where the rule turns at 30.
 *
 * @example buckets({ days: 45, amount: 20 }, { days: [14, 30], amount: [100] }) // tokens "days≥30", "amount<100"
 * @throws JitRLError `invalid-input` for a number or an edge that is NaN, edges not in ascending order, or a number without edges
 */
export function buckets(
  quantities: Readonly<Record<string, number>>,
  edges: Readonly<Record<string, readonly number[]>>,
  options: { weight?: number } = {},
): Feature {
  const tokens = Object.entries(quantities).map(([name, value]) => {
    const steps = Object.hasOwn(edges, name) ? edges[name] : undefined;
    if (!steps || steps.length === 0) {
      throw new JitRLError("invalid-input", `Expected edges for the quantity "${name}", found none.`);
    }
    if (
      Number.isNaN(value) ||
      steps.some((edge, i) => Number.isNaN(edge) || (i > 0 && edge <= steps[i - 1]!))
    ) {
      throw new JitRLError(
        "invalid-input",
        `Expected a number and ascending edges for "${name}", found ${value} and [${steps}].`,
      );
    }
    const above = steps.filter((edge) => value >= edge).length;
    if (above === 0) return `${name}<${steps[0]}`;
    return above === steps.length
      ? `${name}≥${steps[above - 1]}`
      : `${steps[above - 1]}≤${name}<${steps[above]}`;
  });
  return { tokens, weight: options.weight ?? 1 };
}

/** @throws JitRLError `invalid-input` or `oversized-state`; the state that comes back is checked and is a copy. */
export function toState(input: StateInput): State {
  return parseState(typeof input === "string" ? { features: { text: words(input) } } : input);
}

/**
 * Checks what claims to be a state.
 *
 * @param tokens whether the lists of tokens are copied, or taken as they are: by a caller who owns them
 * @throws JitRLError `invalid-input` or `oversized-state`
 */
export function parseState(value: unknown, tokens: "copied" | "taken" = "copied"): State {
  const state = record(value, "state");
  let count = 0;
  let weights = 0;
  const given = record(state.features, "state.features");
  const features: Record<string, Feature> = {};
  for (const name of Object.keys(given)) {
    const feature = parseFeature(given[name], name, tokens);
    count += feature.tokens.length;
    weights += feature.weight;
    setMember(features, name, feature);
  }
  if (!(weights > 0 && Number.isFinite(weights))) {
    throw invalid("state.features", "at least one feature, with a finite sum of weights above 0", weights);
  }
  if (count > MAX_STATE_TOKENS) {
    throw new JitRLError(
      "oversized-state",
      `Expected a state of at most ${MAX_STATE_TOKENS} tokens, found ${count}. Describe the situation more compactly, e.g. by the part of a page that matters.`,
      { details: { tokens: count, limit: MAX_STATE_TOKENS } },
    );
  }
  const { partition } = state;
  return partition === undefined
    ? { features }
    : { features, partition: string(partition, "state.partition") };
}

function parseFeature(value: unknown, name: string, held: "copied" | "taken"): Feature {
  const feature = record(value, `state.features.${name}`);
  const given = list(feature.tokens, `state.features.${name}.tokens`);
  const tokens = held === "copied" ? given.slice() : given;
  for (let i = 0; i < tokens.length; i++) {
    // The name of the place is worth its making only where it is told.
    if (typeof tokens[i] !== "string") string(tokens[i], `state.features.${name}.tokens[${i}]`);
  }
  const weight = finite(feature.weight, `state.features.${name}.weight`);
  if (weight < 0) throw invalid(`state.features.${name}.weight`, "at least 0", weight);
  return { tokens: tokens as readonly string[], weight };
}

/** Equal for states that every similarity takes for the same: equal bags under equal names, weights and partition. */
export function stateKey(state: State): string {
  const features = Object.entries(state.features).map(([name, { tokens, weight }]) => [
    name,
    weight,
    [...tokens].sort(),
  ]);
  features.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return canonicalJson([state.partition ?? null, features]);
}
