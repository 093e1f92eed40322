import { ChatDeepSeek } from "@langchain/deepseek";
import { completionsProtocol } from "./openai-completions.js";
import type { Provider } from "./provider.js";

/**
 * DeepSeek's chat completions: one choice, JSON objects but no schemas, thoughts in `reasoning_content`. In thinking
 * mode the API wants them back beside a call; the client does not send them, with or without JitRL, so that mode is
 * not spoken here.
 */
export const deepSeek: Provider = {
  name: "ChatDeepSeek",
  protocol: () =>
    completionsProtocol({
      path: "/chat/completions",
      more: "thinking",
      n: false,
      jsonSchema: false,
      thinking: (thought) => ({ reasoning_content: thought }),
    }),
  model: (url, { logprobs, n, temperature, streaming, v1 }) =>
    new ChatDeepSeek({
      model: "deepseek-chat",
      apiKey: "test",
      maxRetries: 0,
      configuration: { baseURL: url },
      ...(logprobs === undefined ? {} : { logprobs: true, topLogprobs: logprobs }),
      ...(n === undefined ? {} : { n }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(streaming ? { streaming } : {}),
      ...(v1 ? { outputVersion: "v1" as const } : {}),
    }),
};
