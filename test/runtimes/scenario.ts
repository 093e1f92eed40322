import { createPolicy, openMemory, seededRandom } from "@jitrl/core";

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
  };
}
