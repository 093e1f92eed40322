import {
  type Candidate,
  createPolicy,
  type ExperienceMemory,
  type JsonValue,
  openMemory,
  type Policy,
  type PolicyOptions,
  type Random,
  rollout,
  seededRandom,
} from "@jitrl/core";
import {
  ANSWER_ACTION,
  answerPayload,
  type BoundTool,
  type CandidateSource,
  type MessagesState,
  readAnswer,
  toolGuard,
} from "@jitrl/langgraph";
import { chance, choose, some } from "./chance.js";
import {
  anyArguments,
  boundTool,
  type Call,
  goodArguments,
  randomShape,
  type ToolShape,
} from "./tool-shapes.js";

const NAMES = ["refund", "resend", "approve", "close_ticket", "delete_account", "ask"];
/** Names that are no tools, but that a careless look-up would find. */
const STRANGE = ["constructor", "__proto__", "toString", "hasOwnProperty", "refund ", "Refund"];

/** One agent with its tools, its memory and its settings; all of it random, and the same for the same seed. */
export interface World {
  readonly random: Random;
  /** What is bound now, by name. */
  readonly shapes: ReadonlyMap<string, ToolShape>;
  readonly tools: readonly BoundTool[];
  readonly memory: ExperienceMemory;
  readonly policy: Policy;
  readonly settings: Settings;
  /** Whether candidates come in the place of the agent's own call. */
  readonly inPlace: boolean;
  /** Proposes anything, most of it what no agent should do. */
  readonly source: CandidateSource<MessagesState>;
  /** A call that the agent makes itself. */
  ownCall(): Call;
  /** What the source proposed when it was last asked. */
  proposed(): readonly Candidate[];
}

export interface Settings extends Omit<PolicyOptions, "memory" | "random" | "guard"> {
  readonly selection: "greedy" | "sample" | "epsilon-greedy";
  readonly klBudget: number;
  readonly minActionEvidence: number;
  readonly neverChosen: readonly string[];
  readonly neverReplaced: readonly string[];
}

export async function randomWorld(seed: number): Promise<World> {
  const random = seededRandom(seed);
  const bound = some(NAMES, 0.6, random);
  if (bound.length === 0) bound.push("refund");
  const shapes = new Map(bound.map((name) => [name, randomShape(name, random)]));
  const tools = [...shapes.values()].map((shape) => boundTool(shape, random));
  // Tools as they were once, or are elsewhere.
  const others = NAMES.map((name) => randomShape(name, random));
  const settings = randomSettings(random);
  const memory = await openMemory();
  const { neverChosen, neverReplaced, ...options } = settings;
  const policy = createPolicy({
    ...options,
    memory,
    random: seededRandom(seed ^ 0x5bd1e995),
    guard: toolGuard({ neverChosen, neverReplaced }),
  });
  let proposed: readonly Candidate[] = [];

  // Few different calls, so that the same action comes again.
  const good = Array.from({ length: 6 }, (): Call => {
    const shape = choose([...shapes.values()], random);
    return { name: shape.name, args: goodArguments(shape, random) };
  });
  const bad = Array.from({ length: 6 }, (): Call => {
    if (chance(0.2, random)) return { name: choose(STRANGE, random), args: {} };
    const shape = choose([...shapes.values(), ...others], random);
    return { name: shape.name, args: anyArguments(shape, random) };
  });
  const goodCall = () => choose(good, random);
  const anyCall = () => (chance(0.5, random) ? goodCall() : choose(bad, random));
  const payloadOf = (): JsonValue | undefined => {
    const kind = random();
    if (kind < 0.8) return untyped(anyCall());
    if (kind < 0.88) return untyped({ calls: [anyCall(), anyCall()].slice(chance(0.2, random) ? 1 : 0) });
    if (kind < 0.98) return answerPayload(chance(0.7, random) ? "It is done." : undefined);
    return choose(
      [undefined, null, "refund", {}, { name: "refund" }, { calls: [] }, { name: 5, args: {} }],
      random,
    );
  };

  return {
    random,
    shapes,
    tools,
    memory,
    policy,
    settings,
    inPlace: chance(0.5, random),
    ownCall: () => (chance(0.85, random) ? goodCall() : anyCall()),
    proposed: () => proposed,
    source({ actionKey, call }) {
      proposed = [];
      if (chance(0.01, random)) throw new Error("No proposals today.");
      const listed: Candidate[] = [];
      for (let left = Math.floor(random() * 8); left > 0; left--) {
        const payload = call && chance(0.15, random) ? untyped(call) : payloadOf();
        // Keys may lie: what counts is what would be called.
        const key = chance(0.95, random) ? keyOf(payload, actionKey) : choose(NAMES, random);
        const twin = listed.find(({ action }) => action === key);
        if (twin && chance(0.98, random)) listed.push({ ...twin, logit: logit(random) });
        else
          listed.push({ action: key, logit: logit(random), ...(payload === undefined ? {} : { payload }) });
      }
      proposed = listed;
      return listed;
    },
  };
}

function randomSettings(random: Random): Settings {
  const mode = choose(["on", "on", "on", "shadow", "off", "percent"] as const, random);
  return {
    mode: mode === "percent" ? rollout({ percent: 60, outside: choose(["shadow", "off"], random) }) : mode,
    estimator: choose(["plain", "normalized"], random),
    beta: choose([0.5, 1, 5, 50], random),
    explorationBonus: choose([0, 1, 5], random),
    explorationProbability: choose([1, 1, 0.5], random),
    minSimilarity: choose([0, 0.3, 0.5], random),
    minEvidence: choose([1, 1, 3], random),
    minActionEvidence: choose([0, 0, 0, 1, 2], random),
    selection: choose(["greedy", "sample", "epsilon-greedy"], random),
    epsilon: choose([0.1, 0.5, 1], random),
    ties: choose(["first", "random"], random),
    klBudget: choose([0, 0.3, 1, 3, 5, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], random),
    neverChosen: chance(0.5, random) ? some([...NAMES, ANSWER_ACTION], 0.3, random) : [],
    neverReplaced: chance(0.3, random) ? some(NAMES, 0.3, random) : [],
  };
}

function logit(random: Random): number {
  const kind = random();
  if (kind < 0.6) return Math.floor(random() * 5) - 2;
  if (kind < 0.98) return Math.log(random());
  return choose([1e308, -1e308, 700, -700, Number.NaN, Number.POSITIVE_INFINITY], random);
}

function keyOf(payload: JsonValue | undefined, actionKey: (call: Call) => string): string {
  if (readAnswer(payload)) return ANSWER_ACTION;
  const { name, args }: { name?: unknown; args?: unknown } = Object(payload);
  if (typeof name !== "string" || typeof args !== "object" || args === null) {
    return JSON.stringify(payload) ?? "nothing";
  }
  try {
    return actionKey({ name, args: { ...args } });
  } catch {
    return `${name} with arguments that are no JSON`;
  }
}

/** What the types do not allow, as a careless source would give it. */
function untyped(value: unknown): JsonValue {
  return value as JsonValue;
}
