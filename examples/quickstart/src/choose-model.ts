import { type ChatModel, chatModelFromKeys } from "@jitrl/example-models";
import { StandInModel } from "./stand-in-model.js";

/** A model, what the screen says of it, and how many tickets a run of it should take. */
export interface ChosenModel {
  readonly model: ChatModel;
  readonly description: string;
  readonly tickets: number;
}

/** The model whose key is in the environment; the stand-in where there is none. */
export async function chooseModel(env: Readonly<Record<string, string | undefined>>): Promise<ChosenModel> {
  const real = await chatModelFromKeys(env);
  if (real) {
    const description = `${real.name}; a run takes about eight calls a ticket, which are billed`;
    return { model: real.model, description, tickets: 48 };
  }
  return {
    model: new StandInModel(),
    description: [
      "an offline stand-in with fixed habits, no real model: it follows",
      "a script and never learns. With OPENAI_API_KEY or GOOGLE_API_KEY",
      "in the environment that model is used (and billed) instead.",
    ].join("\n            "),
    tickets: 240,
  };
}
