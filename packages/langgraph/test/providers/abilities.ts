/** What each provider can do with its client package, as the guide to models tells it and the tests prove it. */
export interface Abilities {
  readonly name: string;
  /** Log-probabilities: asked for by the client and told by it. */
  readonly logprobs: boolean;
  /** Several completions to one request. */
  readonly several: boolean;
  /** How a structured answer is asked for: with a schema of the answer, or by the call of a tool. */
  readonly structured: "schema" | "call";
  /** A call of one tool can be demanded, by which the middleware asks for proposals in the place of a call. */
  readonly forced: boolean;
}

export const abilities: readonly Abilities[] = [
  { name: "ChatOpenAI, completions", logprobs: true, several: true, structured: "schema", forced: true },
  { name: "ChatOpenAI, Responses", logprobs: true, several: false, structured: "schema", forced: true },
  { name: "ChatGoogle", logprobs: true, several: false, structured: "call", forced: true },
  { name: "ChatGoogleGenerativeAI", logprobs: false, several: false, structured: "schema", forced: true },
  { name: "ChatAnthropic", logprobs: false, several: false, structured: "call", forced: true },
  { name: "ChatDeepSeek", logprobs: true, several: false, structured: "call", forced: true },
  { name: "ChatOllama", logprobs: false, several: false, structured: "schema", forced: false },
  { name: "ChatOpenRouter", logprobs: false, several: false, structured: "schema", forced: true },
];
