import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from "@langchain/core/language_models/chat_models";
import type { AIMessageChunk } from "@langchain/core/messages";
import type { Runnable } from "@langchain/core/runnables";

export interface ScriptedModelOptions extends BaseChatModelCallOptions {
  tools?: BindToolsInput[];
}

/** A chat model without a network: what it answers is a function of the messages and of the tools that are bound. */
export abstract class ScriptedModel extends BaseChatModel<ScriptedModelOptions> {
  constructor() {
    super({});
  }

  override bindTools(
    tools: BindToolsInput[],
    options?: Partial<ScriptedModelOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, ScriptedModelOptions> {
    return this.withConfig({ ...options, tools });
  }
}
