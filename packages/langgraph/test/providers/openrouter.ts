import { ChatOpenRouter } from "@langchain/openrouter";
import { completionsProtocol } from "./openai-completions.js";
import type { Provider } from "./provider.js";

/** OpenRouter's chat completions, with its own settings and its own form of thoughts. */
export const openRouter: Provider = {
  name: "ChatOpenRouter",
  protocol: () =>
    completionsProtocol({
      path: "/chat/completions",
      more: "top_k min_p top_a repetition_penalty transforms models route provider plugins session_id trace reasoning",
      n: false,
      thinking: (thought) => ({
        reasoning: thought,
        reasoning_details: [{ type: "reasoning.text", text: thought, format: "unknown", index: 0 }],
      }),
    }),
  model: (url, { logprobs, temperature, v1 }) =>
    new ChatOpenRouter({
      model: "openai/gpt-4.1-mini",
      apiKey: "test",
      maxRetries: 0,
      baseURL: url,
      ...(logprobs === undefined ? {} : { topLogprobs: logprobs, modelKwargs: { logprobs: true } }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(v1 ? { outputVersion: "v1" as const } : {}),
    }),
};
