import { type Episode, type ExperienceMemory, JitRLError, type JudgedStep } from "@jitrl/core";
import type { RunnableConfig } from "@langchain/core/runnables";
import { isGraphBubbleUp } from "@langchain/langgraph";
import { type Evaluator, type JudgedRun, storedRun } from "./evaluator.js";

/** What became of judging a stored episode. */
export type JudgeResult =
  /** Its rewards are stored, or were the same before. */
  | "judged"
  /** There is nothing to judge: it was forgotten, or no longer awaits this evaluator. */
  | "not-awaiting"
  /** This process is judging it already. */
  | "busy";

/** Episodes that are being judged in this process, by memory. */
const busy = new WeakMap<ExperienceMemory, Set<string>>();

/**
 * Judges an episode from what is stored of it, and puts what the evaluator says in the place of what it said before.
 *
 * @param options `onlyAwaiting`: leave it if it does not await the evaluator
 * @throws JitRLError `reward-failed` when the evaluator fails, and what `ExperienceMemory.judge` throws
 */
export async function judgeEpisode(
  memory: ExperienceMemory,
  evaluator: Evaluator,
  episodeId: string,
  { onlyAwaiting }: { readonly onlyAwaiting: boolean },
  config?: RunnableConfig,
): Promise<JudgeResult> {
  const { source } = evaluator;
  const inHand = busy.get(memory) ?? new Set();
  busy.set(memory, inHand);
  const key = JSON.stringify([source, episodeId]);
  if (inHand.has(key)) return "busy";
  inHand.add(key);
  try {
    const held = await find(memory, episodeId);
    if (!held || (onlyAwaiting && !held.awaiting?.includes(source))) return "not-awaiting";
    const rewards = await ask(evaluator, storedRun(held, source), config);
    const judgement = { source, rewards, onlyIfAwaiting: onlyAwaiting };
    const receipt = await memory.judge(episodeId, judgement).catch((error: unknown) => {
      // It was forgotten while it was judged.
      if (JitRLError.isInstance(error) && error.code === "episode-not-found") return undefined;
      throw error;
    });
    if (!receipt) return "not-awaiting";
    if (receipt.status === "stored") return "judged";
    if (receipt.status === "duplicate") return onlyAwaiting ? "not-awaiting" : "judged";
    if (receipt.status === "forgotten") return "not-awaiting";
    throw new JitRLError("store-unavailable", "The store is out of reach.", { details: { episodeId } });
  } finally {
    inHand.delete(key);
  }
}

/** @throws JitRLError `reward-failed`, with what the evaluator threw as its cause */
export async function ask(
  evaluator: Evaluator,
  run: JudgedRun,
  config?: RunnableConfig,
): Promise<readonly JudgedStep[]> {
  try {
    return await evaluator.evaluate(run, config);
  } catch (cause) {
    if (isGraphBubbleUp(cause)) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new JitRLError(
      "reward-failed",
      `${evaluator.source} could not judge the episode ${run.episodeId}: ${message} It is stored without these rewards and awaits them; scorePending judges it.`,
      { cause, details: { episodeId: run.episodeId, source: evaluator.source } },
    );
  }
}

async function find(memory: ExperienceMemory, episodeId: string): Promise<Episode | undefined> {
  for await (const episode of memory.episodes({ episodeId })) return episode;
  return undefined;
}
