import type { BaseMessage } from "@langchain/core/messages";

/** A token that might stand at a place, with its natural-log probability. */
export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
}

/** The likeliest tokens at one place of an answer, the one that stands there among them. */
export interface TokenPlace {
  readonly chosen: TokenLogprob;
  readonly top: readonly TokenLogprob[];
}

/**
 * Reads the log-probabilities of a message from where its client puts them, place by place; `undefined` where it has
 * none.
 *
 * | client | read at |
 * |---|---|
 * | `ChatOpenAI` (completions), `ChatDeepSeek` | `response_metadata.logprobs.content[]` |
 * | `ChatOpenAI` (Responses) | `response_metadata.output[].content[].logprobs[]` |
 * | `ChatGoogle` | `response_metadata.logprobs_result` |
 * | `ChatGoogleGenerativeAI`, if the server sends them unasked | `response_metadata.logprobsResult`, also in `additional_kwargs` |
 * | `ChatOllama`, if the server sends them unasked with its last line | `response_metadata.logprobs[]` |
 */
export function readLogprobs(message: BaseMessage): readonly TokenPlace[] | undefined {
  const metadata: Record<string, unknown> = message.response_metadata;
  const kwargs: Record<string, unknown> = message.additional_kwargs;
  const google = metadata.logprobs_result ?? metadata.logprobsResult ?? kwargs.logprobsResult;
  const places = isRecord(google)
    ? googlePlaces(google)
    : placesOf(isRecord(metadata.logprobs) ? metadata.logprobs.content : metadata.logprobs);
  if (places.length > 0) return places;
  const output = listOf(metadata.output).flatMap((item) => listOf(isRecord(item) ? item.content : undefined));
  const responses = output.flatMap((part) => placesOf(isRecord(part) ? part.logprobs : undefined));
  return responses.length > 0 ? responses : undefined;
}

/** Places in OpenAI's form. */
function placesOf(list: unknown): TokenPlace[] {
  return listOf(list).flatMap((place): TokenPlace[] => {
    const chosen = tokenOf(place, "logprob");
    if (!chosen || !isRecord(place)) return [];
    return [{ chosen, top: withChosen(chosen, listOf(place.top_logprobs), "logprob") }];
  });
}

/** Places in the Gemini API's form: the candidates of each, and beside them what was chosen. */
function googlePlaces({ topCandidates, chosenCandidates }: Record<string, unknown>): TokenPlace[] {
  const tops = listOf(topCandidates);
  return listOf(chosenCandidates).flatMap((candidate, i): TokenPlace[] => {
    const chosen = tokenOf(candidate, "logProbability");
    const place = tops[i];
    const listed = listOf(isRecord(place) ? place.candidates : undefined);
    return chosen ? [{ chosen, top: withChosen(chosen, listed, "logProbability") }] : [];
  });
}

/** Some servers leave out what they chose where it is none of the likeliest. */
function withChosen(chosen: TokenLogprob, listed: readonly unknown[], key: string): TokenLogprob[] {
  const top = listed.flatMap((entry) => tokenOf(entry, key) ?? []);
  return top.some(({ token }) => token === chosen.token) ? top : [chosen, ...top];
}

function tokenOf(entry: unknown, key: string): TokenLogprob | undefined {
  if (!isRecord(entry) || typeof entry.token !== "string") return undefined;
  // Google leaves out a logarithm of 0.
  const logprob = entry[key] ?? (key === "logProbability" ? 0 : undefined);
  return typeof logprob === "number" && !Number.isNaN(logprob) ? { token: entry.token, logprob } : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const byOpenAI = (baseURL: string) =>
  `use ChatOpenAI with { logprobs: true, topLogprobs: 20, configuration: { baseURL: "${baseURL}" } }.`;

/** How to get log-probabilities, by the client as `response_metadata.model_provider` or the class names it. */
const fixes: ReadonlyMap<unknown, string> = new Map(
  Object.entries({
    openai:
      'Give ChatOpenAI { logprobs: true, topLogprobs: 20 }, or with the Responses API { modelKwargs: { include: ["message.output_text.logprobs"], top_logprobs: 20 } }; models that reason give none.',
    deepseek: "Give ChatDeepSeek { logprobs: true, topLogprobs: 20 }; in thinking mode the API gives none.",
    google:
      "Give ChatGoogle { responseLogprobs: true, logprobs: 20 } and not { streaming: true }; some Gemini models give none.",
    "google-genai": "ChatGoogleGenerativeAI does not ask for them: use ChatGoogle of @langchain/google.",
    anthropic: "Anthropic's API has none: use verbalizedCandidates or sampledCandidates.",
    ollama: `ChatOllama does not ask for them: ${byOpenAI("http://localhost:11434/v1")}`,
    openrouter: `ChatOpenRouter drops them: ${byOpenAI("https://openrouter.ai/api/v1")}`,
  }),
);

/** What to do so that a model's answers have log-probabilities. */
export function howToGetLogprobs({ response_metadata }: BaseMessage, className: string): string {
  const metadata: Record<string, unknown> = response_metadata;
  // This client names itself only when it streams.
  const provider = className === "ChatGoogleGenerativeAI" ? "google-genai" : metadata.model_provider;
  return (
    fixes.get(provider) ??
    "Set up the model so that it asks for top log-probabilities, or use verbalizedCandidates or sampledCandidates, which need none."
  );
}
