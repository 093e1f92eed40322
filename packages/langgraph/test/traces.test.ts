import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { Serialized } from "@langchain/core/load/serializable";
import { expect, it } from "vitest";
import { anyOfAbc, learningAgent } from "./agents.js";
import { agentGraph, experience, onThread, say } from "./graphs.js";

/** What a tracer such as LangSmith's is told of runs by the name jitrl:decision. */
class Tracer extends BaseCallbackHandler {
  name = "tracer";
  readonly decisions: { metadata: Record<string, unknown>; inputs: unknown; outputs?: unknown }[] = [];
  readonly #runs = new Map<string, (typeof this.decisions)[number]>();

  override handleChainStart(
    _chain: Serialized,
    inputs: unknown,
    runId: string,
    runType?: string,
    _tags?: string[],
    metadata: Record<string, unknown> = {},
    ...names: unknown[]
  ) {
    if (!names.includes("jitrl:decision") && runType !== "jitrl:decision") return;
    const run = { metadata, inputs };
    this.decisions.push(run);
    this.#runs.set(runId, run);
  }

  override handleChainEnd(outputs: unknown, runId: string) {
    Object.assign(this.#runs.get(runId) ?? {}, { outputs });
  }
}

const agents = {
  "the node": (learned: Awaited<ReturnType<typeof experience>>) => agentGraph({ experience: learned }),
  "the middleware": (learned: Awaited<ReturnType<typeof experience>>) =>
    learningAgent({ experience: learned, jitrl: { candidates: anyOfAbc } }),
};

for (const [name, agentWith] of Object.entries(agents)) {
  it(`a tracer sees each decision of ${name} as a run, with what one searches for in its metadata`, async () => {
    const learned = await experience({ mode: "on", estimator: "plain" });
    const tracer = new Tracer();
    const agent = agentWith(learned);
    await agent.invoke(say("a b"), { ...onThread("one"), callbacks: [tracer], metadata: { tenant: "acme" } });
    const { id, steps } = (await learned.episodes())[0]!;
    expect(tracer.decisions).toMatchObject(
      steps.map(({ action }, step) => ({
        metadata: {
          tenant: "acme",
          jitrl_episode: id,
          jitrl_step: step,
          jitrl_action: action,
          jitrl_chosen_by: expect.stringMatching(/^(?:base|policy)$/u),
          jitrl_mode: "on",
          jitrl_propensity: 1,
        },
        inputs: { candidates: expect.arrayContaining([expect.objectContaining({ action })]) },
        outputs: { chosen: { action }, mode: "on" },
      })),
    );
    expect(tracer.decisions.length).toBeGreaterThan(0);
  });
}
