import { seededRandom } from "@jitrl/core";
import { AIMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { functionCandidates } from "../src/index.js";
import { agentGraph, calling, experience, named, onThread, say } from "./graphs.js";

/** What an agent does in each of some episodes that always tries the wrong tool first, where only c is right. */
async function history(mode: "on" | "shadow", seed: number): Promise<string[]> {
  const learned = await experience({
    mode,
    random: seededRandom(seed),
    ties: "random",
  });
  const graph = agentGraph({
    experience: learned,
    habit: (messages) => (messages.length === 1 ? calling("a") : new AIMessage("done")),
    tools: ["a", "b", "c"].map((name) => named(name)),
    candidates: functionCandidates(() => ["a", "b", "c"].map((name) => ({ call: { name, args: {} } }))),
    evaluator: { reward: ({ messages }) => (messages.some(({ name }) => name === "c") ? 1 : -1) },
  });
  const taken: string[] = [];
  for (let episode = 0; episode < 11; episode++) {
    const { messages } = await graph.invoke(
      say(`Help with order #${4711 + episode}`),
      onThread(`${episode}`),
    );
    taken.push(messages.find(({ type }) => type === "tool")?.name ?? "");
  }
  return taken;
}

describe("an agent that is always wrong", () => {
  it("gets right after a few episodes, and does it again the same way", async () => {
    const [first, again] = [await history("on", 7), await history("on", 7)];
    expect(first[0]).toBe("a");
    expect(first.slice(-8)).toEqual(Array(8).fill("c"));
    expect(again).toEqual(first);
  });

  it("is not changed in mode shadow", async () => {
    expect(await history("shadow", 7)).toEqual(Array(11).fill("a"));
  });
});
