import {
  type Candidate,
  type ExperienceMemory,
  JitRLError,
  type Neighbor,
  type StepReference,
} from "@jitrl/core";
import { type ActionContext, hasMasked } from "./action-key.js";
import { ANSWER_ACTION } from "./answer.js";
import { type BoundTool, toolForms } from "./bound-tool.js";
import type { CandidateSource } from "./candidates.js";
import type { MessagesState } from "./channels.js";
import { fromPayload, type ToolCallSpec, toPayload } from "./tool-call.js";
import { validCall } from "./valid-arguments.js";

/** Finds in the present state the call that a past step made in its own, or refuses it by `undefined`. */
export type GroundAction<S> = (
  call: ToolCallSpec,
  context: ActionContext<S>,
) => ToolCallSpec | undefined | Promise<ToolCallSpec | undefined>;

/**
 * Where the arguments of past calls come from, and what makes them right for the present state.
 *
 * **Past steps are other people's.** What a memory keeps of them holds their orders, their addresses, their words; a
 * call that worked for one user may do harm in the thread of another. So there is no default: either `ground` makes
 * each call anew from the present state, or you vouch by `shareable` that no call of any tool holds what is private.
 */
export type RecallFrom<S> =
  | {
      /** A memory that was opened with `payloads: true`. */
      memory: Pick<ExperienceMemory, "keepsPayloads" | "payload">;
      /** Gets a past call **of anybody**. Take from it what may be shared, and all else from the state. */
      ground: GroundAction<S>;
    }
  | {
      /** A memory that was opened with `payloads: true`. */
      memory: Pick<ExperienceMemory, "keepsPayloads" | "payload">;
      /**
       * Past calls are made again as they were. Say so only if no argument of any bound tool tells of a person or
       * names what belongs to one. Calls in which identifiers are seen are left out all the same, but numbers that
       * are identifiers cannot be seen.
       */
      shareable: true;
    }
  | {
      /** The call that a key was made of, as `translatedActions` gives it; no payloads are needed then. */
      readAction: (action: string) => ToolCallSpec | undefined;
      ground: GroundAction<S>;
    };

export type RecalledCandidatesOptions<S> = RecallFrom<S> & {
  /** Most actions that are recalled, an integer ≥ 1. @default 2 */
  count?: number;
  /**
   * Logit of each recalled action, on the scale of the logarithm of a share: low, since the model did not think of
   * it. @default -3, about 5 % beside a source whose shares add up to 1
   */
  logit?: number;
  /** Fewest past steps that an action must have been taken in, an integer ≥ 1. @default 2 */
  minCount?: number;
  /** The tools that are bound to the agent. @default the tools that are bound at this step, where they are known */
  tools?: readonly BoundTool[];
};

/**
 * Complete actions that similar past steps took with good returns, whether or not the model thinks of them now: taken
 * at least `minCount` times, with a mean return above that of all past steps like this one. Nothing is recalled unless
 * this source is asked for; it asks no model and no store.
 *
 * A recalled action is a candidate only if its tool is bound now, its arguments satisfy the tool's schema now, and it
 * is still the same action after `ground` (its key is the same). Answers, and calls that were made several at once,
 * are not recalled. Combine it with a source that asks a model: `combineCandidates(verbalizedCandidates(), recalled)`.
 *
 * @throws JitRLError `invalid-input` for options that do not fit
 */
export function recalledCandidates<S extends object = MessagesState>(
  options: RecalledCandidatesOptions<S>,
): CandidateSource<S> {
  const { count = 2, logit = -3, minCount = 2, tools = [] } = options;
  if (!Number.isInteger(count) || count < 1)
    throw new JitRLError("invalid-input", `Expected count to be an integer ≥ 1, found ${count}.`);
  if (!Number.isInteger(minCount) || minCount < 1)
    throw new JitRLError("invalid-input", `Expected minCount to be an integer ≥ 1, found ${minCount}.`);
  if (!Number.isFinite(logit))
    throw new JitRLError("invalid-input", `Expected logit to be a finite number, found ${logit}.`);
  const { read, ground } = recall(options);

  return async ({ neighbors, actionKey, state, call, config, ...request }) => {
    if (!neighbors)
      throw new JitRLError(
        "invalid-input",
        "recalledCandidates go by similar past states, and none were given: use them in a JitRLNode or in jitrlMiddleware.",
      );
    config.signal?.throwIfAborted();
    const bound = request.tools ?? tools;
    const { callable } = toolForms(bound);
    const own = call && actionKey(call);
    const candidates: Candidate[] = [];
    for (const recalled of goodActions(neighbors(), minCount)) {
      if (candidates.length >= count) break;
      // How likely the agent's own call is, is not for memory to say.
      if (recalled.action === ANSWER_ACTION || recalled.action === own) continue;
      const past = read(recalled);
      if (!past || !callable.has(past.name)) continue;
      const now = await ground(past, { state, tools: bound });
      config.signal?.throwIfAborted();
      if (!now || !(await validCall(now, callable)) || actionKey(now) !== recalled.action) continue;
      candidates.push({ action: recalled.action, logit, payload: toPayload(now) });
    }
    return candidates;
  };
}

/** An action that was taken in states like this one. */
interface PastAction {
  readonly action: string;
  readonly count: number;
  readonly mean: number;
  /** Steps that took it, the one with the highest return first. */
  readonly steps: readonly StepReference[];
}

/** The actions that did better than all past steps together, the best first. */
function goodActions(neighbors: readonly Neighbor[], minCount: number): PastAction[] {
  const held = new Map<string, { count: number; sum: number; steps: StepReference[] }>();
  let steps = 0;
  let returns = 0;
  for (const { action, count, mean, best, latest } of neighbors.flatMap(({ actions }) => actions)) {
    const past = held.get(action) ?? { count: 0, sum: 0, steps: [] };
    held.set(action, {
      count: past.count + count,
      sum: past.sum + count * mean,
      steps: [...past.steps, best, ...latest],
    });
    steps += count;
    returns += count * mean;
  }
  const value = returns / steps;
  return [...held]
    .map(([action, { count, sum, steps }]) => ({
      action,
      count,
      mean: sum / count,
      steps: steps.sort((a, b) => b.return - a.return || b.order - a.order),
    }))
    .filter(({ count, mean }) => count >= minCount && mean > value)
    .sort((a, b) => b.mean - a.mean || b.count - a.count);
}

/** How a past call is read, and how it is made right for the present state. */
function recall<S>(options: RecallFrom<S>): {
  read: (past: PastAction) => ToolCallSpec | undefined;
  ground: GroundAction<S>;
} {
  if ("readAction" in options) {
    const { readAction, ground } = options;
    return { read: ({ action }) => readAction(action), ground };
  }
  const { memory } = options;
  if (!memory?.keepsPayloads) {
    throw new JitRLError(
      "invalid-input",
      "Expected a memory that keeps what past steps executed: openMemory({ payloads: true }); or actions that can be read from their keys, as translatedActions gives them.",
    );
  }
  const read = ({ steps }: PastAction) => {
    for (const step of steps) {
      const call = fromPayload(memory.payload(step));
      if (call) return { name: call.name, args: call.args };
    }
    return undefined;
  };
  if ("ground" in options && typeof options.ground === "function") return { read, ground: options.ground };
  if ("shareable" in options && options.shareable === true) {
    return { read, ground: (call) => (hasMasked(call.args) ? undefined : call) };
  }
  throw new JitRLError(
    "invalid-input",
    "Expected { ground }, which makes a past call right for the present state: past calls hold what belongs to other users. Only if none of your tools ever takes such arguments, say { shareable: true }.",
  );
}
