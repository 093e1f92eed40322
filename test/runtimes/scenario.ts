import {
  createPolicy,
  ExactSimilarityIndex,
  LinearSimilarityIndex,
  openMemory,
  seededRandom,
  toState,
} from "@jitrl/core";

/** A life of an agent in short: learns an episode, decides, is told better, decides again, forgets. */
export async function scenario() {
  const memory = await openMemory();
  const policy = createPolicy({
    memory,
    estimator: "normalized",
    explorationBonus: 0,
    klBudget: 2,
    random: seededRandom(1),
  });
  const question = {
    state: "You are in front of a locked door.",
    candidates: [
      { action: "kick the door", logit: 1 },
      { action: "ring the bell", logit: 0 },
    ],
  };

  const before = await policy.decide(question);
  const learned = await policy.learn({
    steps: [
      { state: "You are in front of a locked door.", action: "ring the bell", reward: 0 },
      { state: "Somebody opens.", action: "enter", reward: 1 },
    ],
  });
  await policy.learn({ steps: [{ state: question.state, action: "kick the door", reward: 0.5 }] });
  const after = await policy.decide(question);
  await policy.feedback({ episodeId: learned.episodeId }, { reward: -1, step: 1 });
  const corrected = await policy.decide(question);
  const { episodes: forgotten } = await policy.forget({ all: true });
  const stats = await memory.stats();
  const afterwards = await policy.decide(question);
  await memory.close();

  return {
    before: { action: before.chosen.action, reason: before.reason },
    learned: learned.status,
    after: { action: after.chosen.action, reason: after.reason, value: after.value },
    corrected: { action: corrected.chosen.action, reason: corrected.reason, value: corrected.value },
    forgotten,
    states: stats.states,
    afterwards: { action: afterwards.chosen.action, reason: afterwards.reason },
    isExact: isExact(),
  };
}

/** Does the index find what comparing all states finds, when they are so many that it makes use of all it has? */
function isExact(): boolean {
  const random = seededRandom(2);
  const draw = () => toState(Array.from({ length: 12 }, () => `w${Math.floor(60 ** random())}`).join(" "));
  const indexes = [new ExactSimilarityIndex(), new LinearSimilarityIndex()];
  for (let i = 0; i < 5000; i++) {
    const state = draw();
    for (const index of indexes) index.touch(index.add(state), i);
  }
  return Array.from({ length: 5 }, draw).every((query) => {
    const [one, other] = indexes.map((index) =>
      JSON.stringify(index.search(query, { k: 10, minSimilarity: 0, budget: 1e9 })),
    );
    return one === other;
  });
}
