import { createPolicy, type Episode, InMemoryExperienceStore, openMemory, seededRandom } from "@jitrl/core";
import { AIMessage, ToolMessage } from "@langchain/core/messages";
import { Command, interrupt } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { functionCandidates, isJitRLEvent, type JitRLEvent } from "../src/index.js";
import {
  agentGraph,
  experience,
  line,
  lines,
  named,
  onThread,
  rewarding,
  say,
  scan,
  walk,
  walkGraph,
} from "./graphs.js";

const thread = onThread("one");

describe("the reward of a run", () => {
  it.each([
    ["one number, for its outcome", () => 2, "(2)"],
    ["one number a step", () => [1, -1], "(0:1 1:-1)"],
    ["a promise", async () => 3, "(3)"],
    ["nothing", () => undefined, "()"],
    ["nothing, later", async () => undefined, "()"],
  ])("is %s", async (_name, reward, expected) => {
    const learned = await experience();
    await agentGraph({ experience: learned, evaluator: { reward } }).invoke(say("a b"), thread);
    expect(await lines(learned)).toEqual([`one done [0:a 1:b] ${expected}`]);
  });

  it.each([
    ["too few", () => [1], /Expected one reward a step, that is 2, found 1/u],
    ["no number", () => Number.NaN, /finite number up to \S+, found NaN/u],
    ["infinite", () => [1, Number.POSITIVE_INFINITY], /finite number up to \S+, found Infinity/u],
    ["too large", () => 1e200, /up to ±1e\+100, found 1e\+200/u],
    [
      "an error",
      () => {
        throw new Error("no judge");
      },
      /The reward of the episode \S+ failed: no judge/u,
    ],
    ["a rejection", () => Promise.reject(new Error("no judge")), /failed: no judge/u],
  ])("that is %s is reported, and the episode is stored without it", async (_name, reward, message) => {
    const learned = await experience();
    const told: unknown[] = [];
    const events: JitRLEvent[] = [];
    const tools = [named("a"), rewarding("b", () => 5)];
    const evaluator = { reward, onError: (error: unknown) => told.push(error) };
    const graph = agentGraph({ experience: learned, tools, evaluator });
    for await (const event of await graph.stream(say("a b"), { ...thread, streamMode: "custom" })) {
      if (isJitRLEvent(event) && event.type !== "jitrl:decision") events.push(event);
    }
    expect(await lines(learned)).toEqual(["one done [0:a 1:b] (1:5)"]);
    expect(told).toEqual([
      expect.objectContaining({ code: "reward-failed", message: expect.stringMatching(message) }),
    ]);
    expect(events).toMatchObject([
      { type: "jitrl:error", code: "reward-failed" },
      { type: "jitrl:episode", rewards: 1 },
    ]);
  });

  it("may be what a person says when asked", async () => {
    const learned = await experience();
    const graph = agentGraph({ experience: learned, evaluator: { reward: () => interrupt("how good?") } });
    await graph.invoke(say("a"), thread);
    expect(await lines(learned)).toEqual([]);
    await graph.invoke(new Command({ resume: 5 }), thread);
    expect(await lines(learned)).toEqual(["one done [0:a] (5)"]);
  });

  it("is judged from the finished state and what is known of the run", async () => {
    const learned = await experience();
    const seen: unknown[] = [];
    const graph = walkGraph({
      experience: learned,
      evaluator: {
        reward: ({ taken }, run) => {
          seen.push(run);
          return taken.length;
        },
      },
    });
    await graph.invoke(walk(2, "north"), thread);
    const [episode] = await learned.episodes();
    expect(seen).toEqual([{ episodeId: episode?.id, threadId: "one", end: "done", steps: episode?.steps }]);
  });

  it("may come by feedback for the thread, and teaches only then", async () => {
    const learned = await experience({ mode: "on", explorationBonus: 0 });
    const graph = walkGraph({ experience: learned });
    const { taken: first } = await graph.invoke(walk(1, "north", "south"), thread);
    const { taken: second } = await graph.invoke(walk(1, "north", "south"), onThread("two"));
    expect([first, second]).toEqual([["north"], ["north"]]);
    await learned.policy.feedback({ threadId: "one" }, { reward: -1 });
    const scored = functionCandidates<{ exits: string[] }>(({ exits }) =>
      exits.map((action) => ({ action })),
    );
    await learned.policy.learn({
      describedBy: "custom",
      steps: [{ state: "at start", action: "south", reward: 1 }],
    });
    const { taken: third } = await walkGraph({ experience: learned, jitrl: { candidates: scored } }).invoke(
      walk(1, "north", "south"),
      onThread("three"),
    );
    expect(third).toEqual(["south"]);
  });
});

describe("the rewards of tools", () => {
  it("come from artifacts, for the very steps that called them", async () => {
    const learned = await experience();
    const tools = [rewarding("a", () => 1), named("b"), rewarding("c", () => "much")];
    const graph = agentGraph({ experience: learned, tools, evaluator: { reward: () => 10 } });
    await graph.invoke(say("b a c a"), thread);
    const [episode] = await learned.episodes();
    expect(line(episode!)).toBe("one done [0:b 1:a 2:c 3:a] (1:1 3:1 10)");
    expect(episode?.rewards.map(({ source }) => source)).toEqual([
      "environment:tool",
      "environment:tool",
      "environment:reward",
    ]);
  });

  it("are read as the option toolReward says", async () => {
    const learned = await experience();
    const toolReward = ({ name, text }: ToolMessage) => (name === "b" ? undefined : text.length);
    await agentGraph({ experience: learned, evaluator: { toolReward } }).invoke(say("a b+c"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 1:c] (0:9 2:9)"]);
  });

  it("that are not numbers, or cannot be read, are reported and left out", async () => {
    const learned = await experience();
    const told: unknown[] = [];
    const toolReward = ({ name }: ToolMessage) => {
      if (name === "a") throw new Error("no luck");
      return name === "b" ? Number.NaN : 1;
    };
    const evaluator = { toolReward, onError: (error: unknown) => told.push(error) };
    await agentGraph({ experience: learned, evaluator }).invoke(say("a b c"), thread);
    expect(await lines(learned)).toEqual(["one done [0:a 1:b 2:c] (2:1)"]);
    expect(told).toHaveLength(2);
  });

  it("are for no call that has no id", async () => {
    const learned = await experience();
    const answer = new ToolMessage({ content: "ok", tool_call_id: "", artifact: { reward: 1 } });
    const call = { name: "a", args: {}, type: "tool_call" as const };
    const graph = agentGraph({
      experience: learned,
      interruptBefore: ["tools"],
      habit: ({ length }) =>
        length === 1 ? new AIMessage({ content: "", tool_calls: [call] }) : new AIMessage("done"),
    });
    await graph.invoke(say("a"), thread);
    await graph.updateState(thread, { messages: [answer] }, "tools");
    await graph.invoke(null, thread);
    expect(await lines(learned)).toEqual(["one done [0:a] ()"]);
  });

  it("reach a call that was replaced", async () => {
    // The default estimator wants more than one return before it prefers anything.
    const learned = await experience({ mode: "on", random: seededRandom(1), estimator: "plain" });
    const tools = [rewarding("a", () => -1), rewarding("b", () => 1)];
    const graph = agentGraph({
      experience: learned,
      tools,
      candidates: functionCandidates(() => [{ call: { name: "b", args: {} } }]),
    });
    for (const id of ["one", "two"]) await graph.invoke(say("a"), onThread(id));
    expect(await lines(learned)).toEqual(["one done [0:a] (0:-1)", "two done [0:b*] (0:1)"]);
  });
});

describe("metadata", () => {
  it("is what episodes are forgotten by", async () => {
    const learned = await experience();
    const graph = agentGraph({
      experience: learned,
      evaluator: { metadata: (_state, { configurable }) => ({ user: String(configurable?.user) }) },
    });
    for (const user of ["ann", "ben"]) {
      await graph.invoke(say("a"), { configurable: { thread_id: `of ${user}`, user } });
    }
    expect(await learned.policy.forget({ metadata: { user: "ann" } })).toMatchObject({ episodes: 1 });
    expect(await lines(learned)).toEqual(["of ben done [0:a] ()"]);
  });

  it("and the end that cannot be told are reported, and the agent's answer stands", async () => {
    const learned = await experience();
    const told: unknown[] = [];
    const fail = () => {
      throw new Error("no luck");
    };
    const graph = agentGraph({
      experience: learned,
      evaluator: { metadata: fail, end: fail, onError: (error) => told.push(error) },
    });
    const { messages } = await graph.invoke(say("a"), thread);
    expect(messages.at(-1)?.text).toBe("done");
    expect(await lines(learned)).toEqual(["one done [0:a] ()"]);
    expect(told).toHaveLength(2);
  });
});

/** A store that can be out of reach. */
class RemoteStore extends InMemoryExperienceStore {
  down = false;

  override async put(episode: Episode, options: { expectedRevision: number }) {
    if (this.down) throw new Error("out of reach");
    return super.put(episode, options);
  }
}

describe("a store that is out of reach", () => {
  async function remote() {
    const store = new RemoteStore();
    const policy = createPolicy({ memory: await openMemory({ store }), mode: "shadow" });
    return { store, policy, episodes: () => scan(store) };
  }

  it("does not touch the agent; what waited in the checkpoint arrives later, in order and once", async () => {
    const learned = await remote();
    const told: unknown[] = [];
    const graph = agentGraph({
      experience: learned,
      evaluator: { reward: () => 1, onError: (error) => told.push(error) },
    });
    const say1 = async (text: string) => (await graph.invoke(say(text), thread)).messages.at(-1)?.text;
    expect(await say1("a")).toBe("done");
    learned.store.down = true;
    expect(await say1("b")).toBe("done");
    expect(await say1("b c")).toBe("done");
    expect(await say1("")).toBe("done");
    expect(told).toHaveLength(3);
    expect((await graph.getState(thread)).values.jitrl.unsent).toHaveLength(2);
    learned.store.down = false;
    expect(await say1("c")).toBe("done");
    expect(await lines(learned)).toEqual([
      "one done [0:a] (1)",
      "one done [0:b] (1)",
      "one done [0:b 1:c] (1)",
      "one done [0:c] (1)",
    ]);
    expect((await graph.getState(thread)).values.jitrl.unsent).toEqual([]);
    await say1("");
    expect(await lines(learned)).toHaveLength(4);
  });

  it("for long gives up the oldest, and says so", async () => {
    const learned = await remote();
    const told: unknown[] = [];
    const graph = walkGraph({ experience: learned, evaluator: { onError: (error) => told.push(error) } });
    learned.store.down = true;
    const waiting = Array.from({ length: 100 }, (_, i) => ({
      id: `waits ${i}`,
      steps: [{ state: "here", action: "north" }],
    }));
    const config = await graph.updateState(
      thread,
      { jitrl: { type: "settled", runs: [], sent: [], unsent: waiting } },
      "evaluate",
    );
    await graph.invoke(walk(1, "south"), { configurable: { thread_id: "one" } });
    expect(config.configurable?.thread_id).toBe("one");
    const { unsent } = (await graph.getState(thread)).values.jitrl;
    expect(unsent).toHaveLength(100);
    expect(unsent[0].id).toBe("waits 1");
    expect(unsent[99].steps[0].action).toBe("south");
    expect(told).toEqual([
      expect.objectContaining({ message: "out of reach" }),
      expect.objectContaining({
        code: "store-failed",
        message: expect.stringContaining("1 episode(s) were given up"),
      }),
    ]);
  });

  it("does not lose an episode to metadata that cannot be kept", async () => {
    const learned = await remote();
    const told: unknown[] = [];
    const graph = walkGraph({
      experience: learned,
      evaluator: {
        metadata: ({ todo }) => ({ size: todo === 1 ? Number.NaN : todo }),
        onError: (error) => told.push(error),
      },
    });
    await graph.invoke(walk(1, "north"), thread);
    await graph.invoke(walk(2, "north"), thread);
    expect((await lines(learned)).sort()).toEqual(["one done [0:north 1:north] ()", "one done [0:north] ()"]);
    expect(told).toEqual([expect.objectContaining({ code: "invalid-input" })]);
  });
});

it("an onError that fails itself does not take the agent down", async () => {
  const learned = await experience();
  const fails = () => {
    throw new Error("no");
  };
  const graph = walkGraph({ experience: learned, evaluator: { reward: fails, onError: fails } });
  await graph.invoke(walk(1, "north"), thread);
  expect(await lines(learned)).toEqual(["one done [0:north] ()"]);
});
