import { type Environment, googleModel } from "@jitrl/example-models";
import { type ChosenModel, chooseModel } from "@jitrl/example-quickstart";

/** Gemini if `GOOGLE_API_KEY` is there, else the stand-in. */
export function chooseGemini(env: Environment): Promise<ChosenModel> {
  return chooseModel(env, { fromKeys: googleModel, keys: "GOOGLE_API_KEY", calls: "six" });
}
