import { logitsFromScores } from "@jitrl/core";
import type { ChatModel } from "@jitrl/example-models";
import type { CandidateSource } from "@jitrl/langgraph";
import type { AdventureState } from "./player.js";

const schema = {
  title: "score_commands",
  description: "Scores each command, in the order in which they are listed.",
  type: "object",
  additionalProperties: false,
  required: ["scores"],
  properties: { scores: { type: "array", items: { type: "number", description: "0 to 100" } } },
};

/** A chat model scores the commands; each different situation is asked about once. */
export function modelPrior(model: ChatModel): CandidateSource<AdventureState> {
  const scorer = model.withStructuredOutput(schema, { name: "score_commands" });
  const known = new Map<string, number[]>();
  return async ({ state: { look, inventory, actions }, config }) => {
    const prompt = [
      "You play a text adventure and want as many points as you can get. Score each command from 0 to 100 by how likely it is the best one now.",
      look,
      inventory,
      actions.map((action, i) => `${i + 1}. ${action}`).join("\n"),
    ].join("\n\n");
    const logits =
      known.get(prompt) ?? logitsFromScores(readScores(await scorer.invoke(prompt, config), actions.length));
    known.set(prompt, logits);
    return actions.map((action, i) => ({ action, logit: logits[i]! }));
  };
}

/** One score a command: what is missing or no number counts as undecided. */
function readScores(answer: unknown, count: number): number[] {
  const scores: readonly unknown[] =
    typeof answer === "object" && answer !== null && "scores" in answer && Array.isArray(answer.scores)
      ? answer.scores
      : [];
  return Array.from({ length: count }, (_, i) => {
    const score = scores[i];
    return typeof score === "number" && Number.isFinite(score) ? Math.min(100, Math.max(0, score)) : 50;
  });
}
