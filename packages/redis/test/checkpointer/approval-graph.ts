import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { Annotation, END, interrupt, START, StateGraph } from "@langchain/langgraph";

/** Proposes something, asks a person, does it: one interrupt, then one more node. */
export function approvalGraph(checkpointer: BaseCheckpointSaver) {
  const State = Annotation.Root({
    log: Annotation<string[]>({ reducer: (before, added) => [...before, ...added], default: () => [] }),
    note: Annotation<string>(),
  });
  return new StateGraph(State)
    .addNode("propose", ({ note }) => ({ log: [`proposed ${note}`] }))
    .addNode("ask", () => ({ log: [`answer ${String(interrupt("May I?"))}`] }))
    .addNode("do", () => ({ log: ["done"] }))
    .addEdge(START, "propose")
    .addEdge("propose", "ask")
    .addEdge("ask", "do")
    .addEdge("do", END)
    .compile({ checkpointer });
}
