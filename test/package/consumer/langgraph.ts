// What somebody who installed @jitrl/langgraph writes; compiled and run against the packed packages.
import { createPolicy, openMemory } from "@jitrl/core";
import { EvaluatorNode, functionCandidates, JitRLNode } from "@jitrl/langgraph";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";

const Door = Annotation.Root({ door: Annotation<string>(), done: Annotation<string>() });
type DoorState = typeof Door.State;

const policy = createPolicy({ memory: await openMemory() });
const choose = new JitRLNode<DoorState>({
  policy,
  candidates: functionCandidates(() => [
    { action: "kick", logit: 0.2 },
    { action: "knock", logit: 0 },
  ]),
  describeState: ({ door }) => door,
  apply: ({ action }) => ({ done: action }),
});
const judge = new EvaluatorNode<DoorState>({
  policy,
  reward: ({ done }) => (done === "knock" ? 1 : -1),
});
const graph = new StateGraph(Door)
  .addNode("choose", choose, JitRLNode.optionsFor(Door))
  .addNode("judge", judge, EvaluatorNode.optionsFor(Door))
  .addEdge(START, "choose")
  .addEdge("choose", "judge")
  .addEdge("judge", END)
  .compile();

const first = await graph.invoke({ door: "a locked door" });
const second = await graph.invoke({ door: "a locked door" });
const { episodes } = await policy.memory.stats();
console.log(JSON.stringify({ first: first.done, second: second.done, episodes }));
