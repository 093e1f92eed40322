import { createPolicy, openMemory, type Policy, seededRandom, words } from "@jitrl/core";
import { type CandidateSource, EvaluatorNode, functionCandidates, JitRLNode } from "@jitrl/langgraph";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import type { Environment } from "./environment.js";

/** How an agent learns: not at all, with all defaults, or by one of the two published forms. */
export const learners = ["static", "adaptive", "plain", "normalized"] as const;
export type Learner = (typeof learners)[number];

/**
 * Of the published forms: the published defaults, but for the floor, which keeps other rooms out, and k: README.md says what k = 10 does here.
 * Under a uniform prior and greedy selection β changes nothing.
 */
export const settings = {
  gamma: 0.9,
  beta: 1,
  k: 30,
  explorationBonus: 5,
  explorationProbability: 1,
  minSimilarity: 0.95,
};

/** What the graph knows; the story itself stays outside, as a game's server would. */
const AdventureState = Annotation.Root({
  look: Annotation<string>(),
  inventory: Annotation<string>(),
  /** The commands that would change the world. */
  actions: Annotation<readonly string[]>(),
  command: Annotation<string>(),
  /** The change of score that each command brought. */
  rewards: Annotation<readonly number[], number>({
    reducer: (all, reward) => [...all, reward],
    default: () => [],
  }),
  ended: Annotation<boolean>(),
});
export type AdventureState = typeof AdventureState.State;

/** All commands are equally likely: what is learned is learned from the score alone. */
export const uniformPrior: CandidateSource<AdventureState> = functionCandidates(({ actions }) =>
  actions.map((action) => ({ action })),
);

export async function createPlayer(learner: Learner, seed: number, k = settings.k): Promise<Policy> {
  const { gamma, ...published } = settings;
  return createPolicy({
    memory: await openMemory({ gamma }),
    ...(learner === "plain" || learner === "normalized" ? { ...published, k, estimator: learner } : {}),
    mode: learner === "static" ? "off" : "on",
    ties: "random",
    random: seededRandom(seed),
  });
}

/** A graph that plays one episode: look around, let JitRL choose a command, play it, and so on. */
export function adventureGraph(
  environment: Environment,
  policy: Policy,
  candidates: CandidateSource<AdventureState>,
  steps: number,
) {
  const observe = () => ({ ...environment.observe(), actions: environment.actions() });
  const play = ({ command }: AdventureState) => {
    const { reward, ended } = environment.step(command);
    return { rewards: reward, ended };
  };
  const over = ({ rewards, ended }: AdventureState) =>
    ended || rewards.length >= steps ? "evaluate" : "observe";

  return new StateGraph(AdventureState)
    .addNode("observe", observe)
    .addNode(
      "jitrl",
      new JitRLNode<AdventureState>({
        policy,
        candidates,
        describeState: (state) => ({ features: { scene: words(`${state.look}\n${state.inventory}`) } }),
        describedBy: "look and inventory/1",
        apply: ({ action }) => ({ command: action }),
      }),
      JitRLNode.optionsFor(AdventureState),
    )
    .addNode("play", play)
    .addNode(
      "evaluate",
      new EvaluatorNode<AdventureState>({ policy, reward: ({ rewards }) => rewards }),
      EvaluatorNode.optionsFor(AdventureState),
    )
    .addEdge(START, "observe")
    .addEdge("observe", "jitrl")
    .addEdge("jitrl", "play")
    .addConditionalEdges("play", over, ["observe", "evaluate"])
    .addEdge("evaluate", END)
    .compile();
}
