import type { BaseChatModel } from "@langchain/core/language_models/chat_models";

/** A chat model that can call tools. */
export type ChatModel = BaseChatModel & Required<Pick<BaseChatModel, "bindTools">>;

export interface NamedModel {
  readonly model: ChatModel;
  readonly name: string;
}

/**
 * The model whose key is in the environment, `OPENAI_API_KEY` before `GOOGLE_API_KEY`; `OPENAI_MODEL` and
 * `GOOGLE_MODEL` name another than the default, and `OPENAI_BASE_URL` another server.
 *
 * @returns `undefined` where there is no key
 */
export async function chatModelFromKeys(
  env: Readonly<Record<string, string | undefined>>,
): Promise<NamedModel | undefined> {
  if (env.OPENAI_API_KEY) {
    const { ChatOpenAI } = await import("@langchain/openai");
    const name = env.OPENAI_MODEL ?? "gpt-4.1-mini";
    const configuration = env.OPENAI_BASE_URL ? { baseURL: env.OPENAI_BASE_URL } : {};
    const model = new ChatOpenAI({ model: name, temperature: 0, apiKey: env.OPENAI_API_KEY, configuration });
    return { model, name: `OpenAI ${name}` };
  }
  if (env.GOOGLE_API_KEY) {
    const { ChatGoogleGenerativeAI } = await import("@langchain/google-genai");
    const name = env.GOOGLE_MODEL ?? "gemini-2.5-flash";
    return {
      model: new ChatGoogleGenerativeAI({ model: name, temperature: 0, apiKey: env.GOOGLE_API_KEY }),
      name: `Google ${name}`,
    };
  }
  return undefined;
}
