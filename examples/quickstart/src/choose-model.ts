import { type ChatModel, chatModelFromKeys, type Environment, type NamedModel } from "@jitrl/example-models";
import { StandInModel } from "./stand-in-model.js";

/** A model, what the screen says of it, and how many tickets a run of it should take. */
export interface ChosenModel {
  readonly model: ChatModel;
  readonly description: string;
  readonly tickets: number;
}

export interface ModelChoice {
  /** What to look for. @default the models of OpenAI and Google */
  readonly fromKeys?: (env: Environment) => Promise<NamedModel | undefined>;
  /** The names of the keys that are looked for. */
  readonly keys?: string;
  /** How many calls a ticket takes, over both runs. @default "eight" */
  readonly calls?: string;
  /** What stands in where there is no key. */
  readonly standIn?: ChatModel;
}

/** The model whose key is in the environment; a stand-in where there is none. */
export async function chooseModel(env: Environment, choice: ModelChoice = {}): Promise<ChosenModel> {
  const {
    fromKeys = chatModelFromKeys,
    keys = "OPENAI_API_KEY or GOOGLE_API_KEY",
    calls = "eight",
    standIn = new StandInModel(),
  } = choice;
  const real = await fromKeys(env);
  if (real) {
    const description = `${real.name}; a run takes about ${calls} calls a ticket, which are billed`;
    return { model: real.model, description, tickets: 48 };
  }
  return {
    model: standIn,
    description: [
      "an offline stand-in with fixed habits, no real model: it follows",
      `a script and never learns. With ${keys}`,
      "in the environment that model is used (and billed) instead.",
    ].join("\n            "),
    tickets: 240,
  };
}
