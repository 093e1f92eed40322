import type { Environment } from "@jitrl/example-models";
import { type ChosenModel, chooseModel } from "@jitrl/example-quickstart";
import { TeamModel } from "./team-model.js";

/** The model whose key is in the environment; the stand-in for a team where there is none. */
export async function chooseTeamModel(env: Environment): Promise<ChosenModel> {
  const chosen = await chooseModel(env, { calls: "ten", standIn: new TeamModel() });
  return { ...chosen, tickets: Math.min(120, chosen.tickets) };
}
