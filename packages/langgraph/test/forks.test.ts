import { Command, interrupt } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { agentGraph, experience, lines, named, onThread, rewarding, say, walk, walkGraph } from "./graphs.js";

const thread = onThread("one");
type Graph = ReturnType<typeof agentGraph> | ReturnType<typeof walkGraph>;

/** The last time that the thread was about to run this node. */
async function before(graph: Graph, node: string, skip = 0) {
  for await (const { next, config } of graph.getStateHistory(thread)) {
    if (next.includes(node) && skip-- === 0) return config;
  }
  throw new Error(`The thread was never about to run ${node}.`);
}

describe("each branch of a forked thread is an episode of its own", () => {
  it("when a finished run is replayed from the middle", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned });
    await graph.invoke(say("a b c"), thread);
    const { messages } = await graph.invoke(null, await before(graph, "jitrl", 1));
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:c] ()", "one done [0:a 1:b 2:c] ()"]);
    // What was told of the branch's own decision names the branch's own episode.
    const ids = (await learned.episodes()).map(({ id }) => id);
    const told = messages.flatMap(
      ({ response_metadata }) => Object(response_metadata).jitrl?.episodeId ?? [],
    );
    expect(told).toEqual([ids[0], ids[0], ids[1]]);
  });

  it("when it is replayed from before its first decision", async () => {
    const learned = await experience();
    const graph = walkGraph({ experience: learned });
    await graph.invoke(walk(2, "north"), thread);
    await graph.invoke(null, await before(graph, "choose", 1));
    await graph.invoke(null, await before(graph, "__start__"));
    expect(await lines(learned)).toEqual(Array(3).fill("one done [0:north 1:north] ()"));
  });

  it("when it is replayed from behind its last decision, with another outcome", async () => {
    const learned = await experience();
    let outcome = 1;
    const graph = agentGraph({
      experience: learned,
      tools: [named("a"), rewarding("b", () => outcome++)],
      evaluator: { reward: () => 0 },
    });
    await graph.invoke(say("a b"), thread);
    await graph.invoke(null, await before(graph, "tools"));
    await graph.invoke(null, await before(graph, "evaluate"));
    expect(await lines(learned)).toEqual([
      "one done [0:a 1:b] (1:1 0)",
      "one done [0:a 1:b] (1:2 0)",
      "one done [0:a 1:b] (1:2 0)",
    ]);
  });

  it("when its state is changed before it goes on", async () => {
    const learned = await experience();
    const graph = walkGraph({ experience: learned });
    await graph.invoke(walk(3, "north"), thread);
    const changed = await graph.updateState(await before(graph, "choose"), { exits: ["south"] }, "act");
    await graph.invoke(null, changed);
    const later = await graph.updateState(await before(graph, "evaluate", 1), { exits: [] }, "act");
    await graph.invoke(null, later);
    expect(await lines(learned)).toEqual([
      "one done [0:north 1:north 2:north] ()",
      "one done [0:north 1:north 2:south] ()",
      "one done [0:north 1:north 2:north] ()",
    ]);
  });

  it("when a fork is forked", async () => {
    const learned = await experience();
    const graph = walkGraph({ experience: learned });
    await graph.invoke(walk(3, "north"), thread);
    for (const exit of ["south", "east"]) {
      const changed = await graph.updateState(await before(graph, "choose"), { exits: [exit] }, "act");
      await graph.invoke(null, changed);
    }
    expect(await lines(learned)).toEqual([
      "one done [0:north 1:north 2:north] ()",
      "one done [0:north 1:north 2:south] ()",
      "one done [0:north 1:north 2:east] ()",
    ]);
  });

  it("when an interrupted run is forked, and both branches are finished, in any order", async () => {
    for (const first of ["fork", "run"]) {
      const learned = await experience();
      const graph = agentGraph({
        experience: learned,
        tools: [named("a"), named("b", () => interrupt("?"))],
      });
      await graph.invoke(say("a b a"), thread);
      const head = (await graph.getState(thread)).config;
      const fork = await before(graph, "jitrl", 1);
      // The fork is interrupted as well.
      await graph.invoke(null, fork);
      const forked = (await graph.getState(thread)).config;
      for (const branch of first === "fork" ? [forked, head] : [head, forked]) {
        await graph.invoke(new Command({ resume: "yes" }), branch);
      }
      expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:a] ()", "one done [0:a 1:b 2:a] ()"]);
    }
  });

  it("when new input comes on an older checkpoint", async () => {
    const learned = await experience();
    const graph = walkGraph({ experience: learned });
    await graph.invoke(walk(2, "north"), thread);
    await graph.invoke(walk(1, "south"), await before(graph, "choose"));
    expect(await lines(learned)).toEqual([
      "one done [0:north 1:north] ()",
      "one truncated [0:north] ()",
      "one done [0:south] ()",
    ]);
  });

  it("but an older turn that is replayed is not mixed with the turns after it", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned });
    await graph.invoke(say("a b"), thread);
    const turn = await before(graph, "jitrl", 1);
    await graph.invoke(say("c"), thread);
    await graph.invoke(null, turn);
    await graph.invoke(say("b"), thread);
    expect(await lines(learned)).toEqual([
      "one done [0:a 1:b] ()",
      "one done [0:c] ()",
      "one done [0:a 1:b] ()",
      "one done [0:b] ()",
    ]);
  });

  it("and a call that is repeated on the newest checkpoint is no fork", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, interruptBefore: ["evaluate"] });
    await graph.invoke(say("a"), thread);
    await graph.invoke(null, (await graph.getState(thread)).config);
    const [episode] = await learned.episodes();
    expect(await lines(learned)).toEqual(["one done [0:a] ()"]);
    expect(episode?.id).not.toContain("~");
  });
});
