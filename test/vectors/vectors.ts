import { readFile } from "node:fs/promises";
import { createPolicy, openMemory, type State, words } from "@jitrl/core";
import * as z from "zod";

const numbers = z.array(z.number());
const vectorCase = z.object({
  name: z.string(),
  gamma: z.number(),
  beta: z.number(),
  k: z.number(),
  explorationBonus: z.number(),
  episodes: z.array(z.array(z.object({ state: z.string(), action: z.string(), reward: z.number() }))),
  state: z.string(),
  candidates: z.array(z.object({ action: z.string(), logit: z.number() })),
  expect: z.object({
    similarities: numbers.optional(),
    value: z.number(),
    q: numbers.optional(),
    advantages: numbers,
    logits: numbers,
    policy: numbers,
  }),
});
const vectorFile = z.object({ rule: z.literal("plain"), cases: z.array(vectorCase) });
type VectorCase = z.infer<typeof vectorCase>;

const TOLERANCE = 1e-9;

/** Runs worked cases of the plain rule through the public API: learns the episodes, decides on the state, compares. */
export async function runVectors(path: string) {
  const { cases } = vectorFile.parse(JSON.parse(await readFile(path, "utf8")));
  const failures: { name: string; problems: string[] }[] = [];
  for (const vector of cases) {
    const problems = await runCase(vector).catch((error: unknown) => [String(error)]);
    if (problems.length > 0) failures.push({ name: vector.name, problems });
  }
  return { passed: cases.length - failures.length, failures };
}

/** Words as they stand, without masking. */
function rawWords(text: string): State {
  return { features: { words: words(text, { normalize: false }) } };
}

async function runCase({ gamma, beta, k, explorationBonus, ...vector }: VectorCase): Promise<string[]> {
  const memory = await openMemory({ gamma });
  for (const steps of vector.episodes) {
    if (steps.length === 0) continue; // an empty episode has nothing to learn from
    await memory.learn({ steps: steps.map((step) => ({ ...step, state: rawWords(step.state) })) });
  }
  const policy = createPolicy({ memory, estimator: "plain", beta, k, explorationBonus, minSimilarity: 0 });
  const decision = await policy.decide({ state: rawWords(vector.state), candidates: vector.candidates });
  await memory.close();

  const problems: string[] = [];
  const compare = (what: string, expected: readonly number[], found: readonly number[]) => {
    const differs = expected.length !== found.length || expected.some((x, i) => !close(x, found[i]!));
    if (differs) problems.push(`${what}: expected [${expected.join(", ")}], found [${found.join(", ")}]`);
  };
  const { expect } = vector;
  const { candidates, evidence } = decision;
  if (expect.similarities)
    compare(
      "similarities",
      expect.similarities,
      evidence.map(({ similarity }) => similarity),
    );
  // Without neighbours nothing is estimated; the cases write that as a value and advantages of 0.
  compare("value", [expect.value], [decision.value ?? 0]);
  if (expect.q)
    compare(
      "q",
      expect.q,
      candidates.map(({ q }) => q ?? 0),
    );
  compare(
    "advantages",
    expect.advantages,
    candidates.map(({ advantage }) => advantage),
  );
  compare(
    "logits",
    expect.logits,
    candidates.map(({ updatedLogit }) => updatedLogit),
  );
  compare(
    "policy",
    expect.policy,
    candidates.map(({ probability }) => probability),
  );
  return problems;
}

function close(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a));
}
