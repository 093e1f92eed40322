import { openMemory } from "@jitrl/core";
import { AIMessage } from "@langchain/core/messages";
import {
  bindActionKey,
  combineCandidates,
  functionCandidates,
  recalledCandidates,
  type ToolCallSpec,
  toolCallKey,
  verbalizedCandidates,
} from "../src/index.js";
import {
  candidateSourceSuite,
  own,
  ScoringModel,
  type SourceUnderTest,
  tools,
} from "./candidate-source-suite.js";

candidateSourceSuite("functionCandidates", (calls) => ({
  // Each only once: what a function lists is taken as it stands.
  source: functionCandidates(() => [...new Map(calls.map((call) => [toolCallKey(call), { call }])).values()]),
}));

candidateSourceSuite("verbalizedCandidates beside the agent's call", (calls) => {
  const alternatives = calls.map(({ name, args }, i) => ({
    tool: name,
    arguments: JSON.stringify(args),
    score: 90 - i,
  }));
  const model = new ScoringModel({ own_score: 50, alternatives });
  return {
    source: verbalizedCandidates({ model, count: 10 }),
    given: { call: own },
    asked: () => model.prompts.length,
  };
});

for (const answer of ["inline", "stream"] as const) {
  candidateSourceSuite(`verbalizedCandidates in the place of the call, answering ${answer}`, (calls) =>
    proposing(calls, answer),
  );
}

candidateSourceSuite(
  "recalledCandidates",
  async (calls) => {
    const { memory, neighbors } = await past(calls);
    return { source: recalledCandidates({ memory, shareable: true, count: 10 }), given: { neighbors } };
  },
  { runs: 12 },
);

candidateSourceSuite(
  "combineCandidates",
  async (calls) => {
    const { memory, neighbors } = await past(calls.slice(0, 3));
    const { source, given, asked } = proposing(calls.slice(2), "inline");
    return {
      source: combineCandidates(source, {
        source: recalledCandidates({ memory, shareable: true, count: 10, minCount: 1 }),
        weight: 2,
      }),
      given: { ...given, neighbors },
      ...(asked ? { asked } : {}),
    };
  },
  { runs: 12 },
);

/** A source whose agent's model proposes these calls, and to answer. */
function proposing(calls: readonly ToolCallSpec[], answer: "inline" | "stream"): SourceUnderTest {
  let asked = 0;
  return {
    source: verbalizedCandidates({ answer, count: 10 }),
    given: {
      ask: async ({ tools: [tool] = [] }) => {
        asked++;
        const proposals = [
          { calls: [], answer: answer === "inline" ? "Done." : true, score: 1 },
          ...calls.map(({ name, args }, i) => ({
            calls: [{ tool: name, arguments: JSON.stringify(args) }],
            answer: "",
            score: 90 - i,
          })),
        ];
        return new AIMessage({
          content: "",
          tool_calls: [{ name: nameOf(tool), args: { proposals }, id: "p" }],
        });
      },
    },
    asked: () => asked,
  };
}

function nameOf(tool: unknown): string {
  const { function: inner } = Object(tool) as { function?: { name?: string } };
  return inner?.name ?? "";
}

/** A memory in which these calls went well, and something else did not. */
async function past(calls: readonly ToolCallSpec[]) {
  const memory = await openMemory({ payloads: true });
  const key = bindActionKey(toolCallKey, { tools });
  const step = (call: ToolCallSpec, reward: number) => ({
    state: "here",
    action: key(call),
    payload: { name: call.name, args: JSON.parse(JSON.stringify(call.args)) },
    reward,
  });
  // A call without a name has no key, so no step was ever stored of one.
  for (const [i, call] of calls.filter(({ name }) => name !== "").entries()) {
    for (const n of [0, 1]) await memory.learn({ id: `${i}.${n}`, steps: [step(call, 1)] });
  }
  await memory.learn({ steps: [step({ name: "sulk", args: {} }, -9)] });
  return {
    memory,
    neighbors: () => {
      const found = memory.neighbors("here", { minSimilarity: 1 });
      return found.status === "found" ? found.neighbors : [];
    },
  };
}
