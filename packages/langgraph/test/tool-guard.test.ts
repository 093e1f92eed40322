import { type Candidate, createPolicy, type JsonValue, openMemory } from "@jitrl/core";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import {
  ANSWER_ACTION,
  answerCandidate,
  callsToPayload,
  describeMessages,
  functionCandidates,
  JitRLNode,
  MESSAGES_FEATURES,
  toolCallKey,
  toolGuard,
} from "../src/index.js";
import { named } from "./graphs.js";

function candidate(action: string, payload?: JsonValue): Candidate {
  return { action, logit: 0, ...(payload === undefined ? {} : { payload }) };
}

const call = (name: string) => ({ name, args: {} });

describe("toolGuard", () => {
  const guard = toolGuard({ neverChosen: ["refund"], neverReplaced: ["ask_a_human"] });
  const mayChoose = (one: Candidate) => guard.mayChoose?.(one, {});
  const mayReplace = (one: Candidate) => guard.mayReplace?.(one, {});

  it("goes by the tool that would be called, whatever the key of the action", () => {
    expect(mayChoose(candidate("refund", { ...call("refund") }))).toBe(false);
    expect(mayChoose(candidate("pay back the customer", { ...call("refund") }))).toBe(false);
    expect(mayChoose(candidate('refund {"order":1}', { ...call("refund_status") }))).toBe(true);
    expect(mayChoose(candidate("refund", { ...call("ask") }))).toBe(true);
    expect(mayReplace(candidate("any key", { ...call("ask_a_human") }))).toBe(false);
    expect(mayReplace(candidate("ask_a_human_later", { ...call("ask_a_human_later") }))).toBe(true);
  });

  it("counts each of several calls that are made at once", () => {
    const both = callsToPayload([call("ask"), call("refund")]);
    expect(mayChoose(candidate("ask + refund", both))).toBe(false);
    expect(mayReplace(candidate("x", callsToPayload([call("ask"), call("ask_a_human")])))).toBe(false);
    expect(mayReplace(candidate("x", both))).toBe(true);
  });

  it("sees a call whose arguments are unreadable all the same", () => {
    expect(mayChoose(candidate("x", { name: "refund" }))).toBe(false);
    expect(mayChoose(candidate("x", { calls: [null, "ask", { name: "refund", args: null }] }))).toBe(false);
  });

  it("takes what is no call by its key, and nothing else for a tool", () => {
    expect(mayChoose(candidate("refund"))).toBe(false);
    expect(mayChoose(candidate("refund the customer"))).toBe(true);
    for (const payload of [null, 1, "refund", ["refund"], {}, { name: 7 }, { calls: [] }]) {
      expect(mayChoose(candidate("x", payload))).toBe(true);
    }
  });

  it("guards answering the user by its action, whatever the key", () => {
    const silent = toolGuard({ neverChosen: [ANSWER_ACTION] });
    expect(silent.mayChoose?.(answerCandidate(0, "Done."), {})).toBe(false);
    expect(silent.mayChoose?.({ ...answerCandidate(0, "Done."), action: "refund" }, {})).toBe(false);
    expect(mayChoose({ ...answerCandidate(0, "Done."), action: "refund" })).toBe(true);
  });

  it("refuses a name that no tool has, where the tools are given", () => {
    const tools = [named("refund"), { type: "function", function: { name: "ask_a_human", parameters: {} } }];
    expect(() =>
      toolGuard({ neverChosen: ["refund", ANSWER_ACTION], neverReplaced: ["ask_a_human"], tools }),
    ).not.toThrow();
    expect(() => toolGuard({ neverReplaced: ["ask_human"], tools })).toThrow(
      /neverReplaced to name tools among "refund", "ask_a_human", found "ask_human"/,
    );
    expect(() => toolGuard({ neverChosen: "refund" as unknown as string[] })).toThrow(/list of names/);
  });
});

describe("in a graph", () => {
  const question = new HumanMessage("My lamp is broken");

  /** What becomes of the agent's call where experience speaks for one of the others. */
  async function executed(own: string, preferred: string, options: Parameters<typeof toolGuard>[0]) {
    const memory = await openMemory();
    const policy = createPolicy({ memory, explorationBonus: 0, guard: toolGuard(options) });
    const names = ["refund", "resend", "approve"];
    const node = new JitRLNode({
      policy,
      candidates: functionCandidates(() => names.map((name) => ({ call: call(name) }))),
    });
    for (const name of names) {
      const reward = name === preferred ? 9 : -9;
      const steps = [{ state: describeMessages([question]), action: toolCallKey(call(name)), reward }];
      await policy.learn({ describedBy: MESSAGES_FEATURES, steps });
    }
    const update = await invoke(node, own);
    const messages: unknown = "messages" in update ? update.messages : [];
    const [message] = Array.isArray(messages) ? messages : [];
    return AIMessage.isInstance(message) ? message.tool_calls?.map(({ name }) => name) : [];
  }

  function invoke(node: JitRLNode, own: string) {
    const said = new AIMessage({ content: "", tool_calls: [{ ...call(own), id: "1" }] });
    const state = {
      messages: [question, said],
      jitrl: { current: null, end: null, ended: [], unsent: [] },
    };
    return node.invoke(state);
  }

  it("the agent's call is replaced unless the guard says otherwise", async () => {
    expect(await executed("refund", "resend", {})).toEqual(["resend"]);
    expect(await executed("refund", "resend", { neverChosen: ["resend"] })).toEqual(["refund"]);
    expect(await executed("refund", "resend", { neverChosen: ["refund"] })).toEqual(["resend"]);
    expect(await executed("approve", "resend", { neverReplaced: ["approve"] })).toEqual(["approve"]);
    expect(await executed("resend", "resend", { neverChosen: ["resend"] })).toEqual(["resend"]);
  });
});
