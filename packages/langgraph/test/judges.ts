import { bag, type Step } from "@jitrl/core";
import type { BaseChatModelCallOptions, BindToolsInput } from "@langchain/core/language_models/chat_models";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import type { JudgedRun } from "../src/index.js";

/** What a judge answers: the arguments of the structured answer, or a text, which is none. */
export type JudgeAnswer = Readonly<Record<string, unknown>> | string;

/** A model with structured output by tool calling, as providers have it, whose answers a function gives. */
export class JudgeModel extends BaseChatModel {
  /** What it was asked, each as one text. */
  readonly asked: string[] = [];
  /** How many of the questions somebody else could have aborted. */
  abortable = 0;
  #tool = "";
  readonly #answer: (prompt: string, call: number) => JudgeAnswer | Promise<JudgeAnswer>;

  constructor(answer: (prompt: string, call: number) => JudgeAnswer | Promise<JudgeAnswer>) {
    super({ maxRetries: 0 });
    this.#answer = answer;
  }

  _llmType() {
    return "judge";
  }

  override bindTools(tools: BindToolsInput[]) {
    const [tool] = tools;
    const { name }: { name?: unknown } = tool && "function" in tool ? Object(tool.function) : {};
    if (typeof name === "string") this.#tool = name;
    return this;
  }

  async _generate(messages: BaseMessage[], options: BaseChatModelCallOptions): Promise<ChatResult> {
    const prompt = messages.map(({ text }) => text).join("\n\n");
    this.asked.push(prompt);
    if (options.signal) this.abortable++;
    const answer = await this.#answer(prompt, this.asked.length - 1);
    if (options.signal?.aborted) throw new Error("The judge was aborted.");
    const message =
      typeof answer === "string"
        ? new AIMessageChunk(answer)
        : new AIMessageChunk({
            content: "",
            tool_calls: [{ id: "judgement", name: this.#tool, args: { ...answer }, type: "tool_call" }],
          });
    return { generations: [{ text: message.text, message }] };
  }
}

/** A judge who gives every step that it is shown this score. */
export function scoring(score: (step: number) => number = (step) => step / 10) {
  return new JudgeModel((prompt) => ({
    scores: shownSteps(prompt).map((step) => ({ step, reason: `because of ${step}`, score: score(step) })),
  }));
}

/** Indices of the steps that a prompt shows to whoever takes its marks for what they are. */
export function shownSteps(prompt: string): number[] {
  const steps = /^<steps [^>]*>$([\s\S]*?)^<\/steps>$/m.exec(prompt)?.[1] ?? "";
  return [...steps.matchAll(/^<step index="(\d+)" time="\d+">$/gm)].map(([, index]) => Number(index));
}

export function stepOf(i: number, members: Partial<Step> = {}): Step {
  return {
    id: `s${i}`,
    t: i,
    state: { features: { seen: bag([`state-${i}`]) } },
    action: `act ${i}`,
    chosenBy: "base",
    ...members,
  };
}

export function runOf(steps: readonly Step[], members: Partial<JudgedRun> = {}): JudgedRun {
  return {
    episodeId: "e",
    threadId: "t",
    end: "done",
    steps,
    transcript: { steps: [] },
    rewards: [],
    metadata: {},
    ...members,
  };
}
