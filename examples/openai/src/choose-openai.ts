import { type Environment, openAIModel } from "@jitrl/example-models";
import { type ChosenModel, chooseModel } from "@jitrl/example-quickstart";

/** OpenAI's model if `OPENAI_API_KEY` is there, else the stand-in. */
export function chooseOpenAI(env: Environment): Promise<ChosenModel> {
  return chooseModel(env, { fromKeys: openAIModel, keys: "OPENAI_API_KEY", calls: "six" });
}
