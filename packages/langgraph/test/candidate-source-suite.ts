import { type Candidate, createPolicy, JitRLError, openMemory } from "@jitrl/core";
import type { CallbackHandlerMethods } from "@langchain/core/callbacks/base";
import { BaseChatModel, type BaseChatModelParams } from "@langchain/core/language_models/chat_models";
import { AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { type StructuredToolInterface, tool } from "@langchain/core/tools";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import "../../../test/property-seed.ts";
import { toolForms } from "../src/bound-tool.js";
import type { MessagesState } from "../src/channels.js";
import {
  bindActionKey,
  type CandidateRequest,
  type CandidateSource,
  callsFromPayload,
  joinedKey,
  readAnswer,
  type ToolCallSpec,
  toolCallKey,
} from "../src/index.js";
import { validCall } from "../src/valid-arguments.js";
import { named, say } from "./graphs.js";

export const refund = tool(() => "ok", {
  name: "refund",
  description: "Pays back.",
  schema: z.object({ amount: z.number().positive(), note: z.string().optional() }),
});
export const ship = tool(() => "ok", {
  name: "ship",
  description: "Sends a parcel.",
  schema: {
    type: "object",
    properties: { from: { type: "string", enum: ["north", "south"] } },
    required: ["from"],
    additionalProperties: false,
  },
});
export const tools: StructuredToolInterface[] = [refund, ship, named("wait")];
export const own: ToolCallSpec = { name: "refund", args: { amount: 30 } };

/** A chat model that answers by calling the tool that it is bound to, as structured output asks for. */
export class ScoringModel extends BaseChatModel {
  readonly prompts: string[] = [];
  readonly answer: unknown;

  constructor(answer: unknown, fields: BaseChatModelParams = {}) {
    super(fields);
    this.answer = answer;
  }

  _llmType() {
    return "scoring";
  }

  override bindTools() {
    return this;
  }

  async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    this.prompts.push(messages.map(({ text }) => text).join("\n"));
    if (this.answer instanceof Error) throw this.answer;
    const args = JSON.stringify(this.answer);
    const call = { name: "propose_calls", args, id: "scored", index: 0, type: "tool_call_chunk" as const };
    const message = new AIMessageChunk({ content: "", tool_call_chunks: [call] });
    return { generations: [{ text: "", message }] };
  }
}

/** A source that would list these calls if they could be made, and what it wants beside the state. */
export interface SourceUnderTest {
  readonly source: CandidateSource<MessagesState>;
  /** What the place in which it stands gives it: `ask`, `neighbors`, the agent's own call. */
  readonly given?: Partial<CandidateRequest<MessagesState>>;
  /** How often it asked any model. */
  readonly asked?: () => number;
}

type ChatModelStart = NonNullable<CallbackHandlerMethods["handleChatModelStart"]>;

const quiet = { tags: ["langsmith:nostream"] };
const state = say("Pay back!");

/** Calls as a source may come upon them: of bound tools and of others, with arguments that are right or not. */
const anyCall: fc.Arbitrary<ToolCallSpec> = fc.oneof(
  fc.record({ name: fc.constant("refund"), args: fc.record({ amount: fc.integer({ min: -2, max: 4 }) }) }),
  fc.record({
    name: fc.constant("ship"),
    args: fc.record({ from: fc.constantFrom<unknown>("north", "south", "east", 7, null) }),
  }),
  fc.record({ name: fc.constantFrom("wait", "explode", ""), args: fc.constant({}) }),
  fc.record({
    name: fc.constantFrom("refund", "ship", "wait"),
    args: fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
  }),
);

/**
 * What holds for every source of candidates, whatever the model, the memory or the caller comes up with.
 *
 * @param create a source that comes upon these calls
 * @param runs of the properties
 */
export function candidateSourceSuite(
  name: string,
  create: (calls: readonly ToolCallSpec[]) => SourceUnderTest | Promise<SourceUnderTest>,
  { runs = 30 }: { runs?: number } = {},
): void {
  const request = (given: Partial<CandidateRequest<MessagesState>> = {}): CandidateRequest<MessagesState> => {
    const bound = given.tools ?? tools;
    return {
      state,
      tools: bound,
      config: quiet,
      ...given,
      actionKey: bindActionKey(toolCallKey, { tools: bound, state }),
    };
  };

  /** What it lists, or nothing where it fails in the way that is documented. */
  async function listed(
    { source, given }: SourceUnderTest,
    more: Partial<CandidateRequest<MessagesState>> = {},
  ): Promise<readonly Candidate[]> {
    try {
      return await source(request({ ...given, ...more }));
    } catch (error) {
      if (JitRLError.isInstance(error) && error.code === "candidates-failed") return [];
      throw error;
    }
  }

  const good: readonly ToolCallSpec[] = [
    { name: "ship", args: { from: "north" } },
    { name: "wait", args: {} },
  ];

  describe(`any source of candidates, such as ${name}`, () => {
    it("lists actions once, with finite logits and what can be executed as it is", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyCall, { maxLength: 6 }), async (calls) => {
          const under = await create(calls);
          const { actionKey, call, ...asked } = request(under.given);
          const { callable } = toolForms(asked.tools ?? []);
          const candidates = await listed(under);
          expect(new Set(candidates.map(({ action }) => action)).size).toBe(candidates.length);
          for (const { action, logit, payload } of candidates) {
            expect(logit).toSatisfy(Number.isFinite);
            if (readAnswer(payload)) continue;
            const complete = callsFromPayload(payload) ?? [];
            expect(complete).not.toHaveLength(0);
            expect(joinedKey(complete, actionKey)).toBe(action);
            // The agent's own call is not the source's to judge.
            if (call && action === actionKey(call)) continue;
            for (const one of complete) expect(await validCall(one, callable)).toBe(true);
          }
        }),
        { numRuns: runs },
      );
    });

    it("is one that a policy can decide by", async () => {
      const under = await create(good);
      const candidates = await listed(under);
      const policy = createPolicy({ memory: await openMemory() });
      const decision = await policy.decide({ state: "here", candidates });
      expect(candidates.map(({ action }) => action)).toContain(decision.chosen.action);
      expect(candidates.map(({ payload }) => payload)).toEqual(
        expect.arrayContaining([{ name: "ship", args: { from: "north" } }]),
      );
    });

    it("leaves out what the tools that are bound now do not take", async () => {
      const under = await create(good);
      const called = async (bound: CandidateRequest<MessagesState>["tools"]) =>
        (await listed(under, { tools: bound ?? [] })).flatMap(({ payload }) =>
          (callsFromPayload(payload) ?? []).map(({ name }) => name),
        );
      expect(await called([refund, named("wait")])).not.toContain("ship");
      const moved = { ...ship.schema, properties: { from: { type: "string", enum: ["west"] } } };
      const changed = {
        type: "function",
        function: { name: "ship", description: "Sends a parcel.", parameters: moved },
      };
      expect(await called([refund, changed, named("wait")])).not.toContain("ship");
    });

    it("changes nothing of what it is given", async () => {
      const under = await create(good);
      const before = JSON.stringify([state, under.given?.call]);
      await listed(under);
      expect(JSON.stringify([state, under.given?.call])).toBe(before);
    });

    it("stops where the run was aborted, and asks nobody", async () => {
      const under = await create(good);
      const config = { ...quiet, signal: AbortSignal.abort(new Error("enough")) };
      await expect((async () => under.source(request({ ...under.given, config })))()).rejects.toThrow(
        /enough|abort/iu,
      );
      expect(under.asked?.() ?? 0).toBe(0);
    });

    it("asks models of its own with the tags that keep their tokens out of streams", async () => {
      const { source, given, asked } = await create(good);
      const shown: (readonly string[])[] = [];
      const onlooker = {
        handleChatModelStart(...[, , , , , tags = []]: Parameters<ChatModelStart>) {
          shown.push(tags);
        },
      };
      await source(request({ ...given, config: { ...quiet, callbacks: [onlooker] } }));
      for (const tags of shown) expect(tags).toContain("langsmith:nostream");
      // What is asked of the agent's model is for the middleware to tag.
      expect(shown).toHaveLength(given?.ask ? 0 : (asked?.() ?? 0));
    });
  });
}
