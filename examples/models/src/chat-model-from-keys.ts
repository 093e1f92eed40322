import type { BaseChatModel } from "@langchain/core/language_models/chat_models";

/** A chat model that can call tools. */
export type ChatModel = BaseChatModel & Required<Pick<BaseChatModel, "bindTools">>;

export interface NamedModel {
  readonly model: ChatModel;
  readonly name: string;
}

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The model whose key is in the environment, `OPENAI_API_KEY` before `GOOGLE_API_KEY`; `undefined` without one. */
export async function chatModelFromKeys(env: Environment): Promise<NamedModel | undefined> {
  return (await openAIModel(env)) ?? (await googleModel(env));
}

/**
 * OpenAI's model, if `OPENAI_API_KEY` is there; `OPENAI_MODEL` names another than the default, and `OPENAI_BASE_URL`
 * another server.
 */
export async function openAIModel(env: Environment): Promise<NamedModel | undefined> {
  if (!env.OPENAI_API_KEY) return undefined;
  const { ChatOpenAI } = await import("@langchain/openai");
  const name = env.OPENAI_MODEL ?? "gpt-4.1-mini";
  const configuration = env.OPENAI_BASE_URL ? { baseURL: env.OPENAI_BASE_URL } : {};
  const model = new ChatOpenAI({ model: name, temperature: 0, apiKey: env.OPENAI_API_KEY, configuration });
  return { model, name: `OpenAI ${name}` };
}

/**
 * Google's model, if `GOOGLE_API_KEY` is there; `GOOGLE_MODEL` names another than the default, and `GOOGLE_BASE_URL`
 * another server.
 */
export async function googleModel(env: Environment): Promise<NamedModel | undefined> {
  if (!env.GOOGLE_API_KEY) return undefined;
  const { ChatGoogleGenerativeAI } = await import("@langchain/google-genai");
  const name = env.GOOGLE_MODEL ?? "gemini-2.5-flash";
  const server = env.GOOGLE_BASE_URL ? { baseUrl: env.GOOGLE_BASE_URL } : {};
  const model = new ChatGoogleGenerativeAI({
    model: name,
    temperature: 0,
    apiKey: env.GOOGLE_API_KEY,
    ...server,
  });
  return { model, name: `Google ${name}` };
}
