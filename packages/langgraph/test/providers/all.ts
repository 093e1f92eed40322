import { anthropic } from "./anthropic.js";
import { deepSeek } from "./deepseek.js";
import { google, googleGenerativeAI } from "./google.js";
import { ollama } from "./ollama.js";
import { openAICompletions } from "./openai-completions.js";
import { openAIResponses } from "./openai-responses.js";
import { openRouter } from "./openrouter.js";
import type { Provider } from "./provider.js";

/** Every client package that the contract is tested with. */
export const providers: readonly Provider[] = [
  openAICompletions,
  openAIResponses,
  google,
  googleGenerativeAI,
  anthropic,
  deepSeek,
  ollama,
  openRouter,
];
