import {
  type Candidate,
  createPolicy,
  type Decision,
  type DecisionReason,
  ExperienceMemory,
  explain,
  openMemory,
  type PolicyOptions,
} from "@jitrl/core";
import { describe, expect, test } from "vitest";
import { candidatesOf, memoryOf, policyOf } from "./experience.js";

const tools = ["refund_the_customer", "escalate_to_a_human", "ask_for_the_order_number", "close_the_ticket"];
const candidates: Candidate[] = tools.map((action, a) => ({ action, logit: -a / 2 }));

async function learned(options: Partial<PolicyOptions> = {}): Promise<Decision> {
  const memory = await memoryOf([
    { action: tools[0]!, return: -1 },
    { action: tools[1]!, return: 12 },
    { action: tools[1]!, return: 10 },
  ]);
  return createPolicy({ memory, ...options }).decide({ state: "here", candidates });
}

function expectNarrow(text: string): void {
  for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(78);
}

describe("explain", () => {
  test("says what was chosen instead of what, what it rests on, and marks the choice", async () => {
    const decision = await learned({ estimator: "plain" });
    const text = explain(decision);
    expect(text).toContain("escalate_to_a_human instead of refund_the_customer: experience speaks for it.");
    expect(text).toContain("3 past steps in 3 episode(s), similarity 1.00 to 1.00.");
    expect(text).toContain("State value V = 7.00, the mean of their returns.");
    expect(text.replace(/\s+/g, " ")).toContain("after = softmax(z + 1.00 A), A = Q - V; selected greedy");
    expect(text).toMatch(/^> escalate_to_a_human +2 +11\.00 +\+4\.00 +\d+\.\d % +\d+\.\d %$/m);
    expect(text).toMatch(/^ {2}refund_the_customer +1 +-1\.00 +-8\.00/m);
    expect(text).toMatch(/^ {2}close_the_ticket +0 /m);
    expect(text).toMatch(/^escalate_to_a_human, the newest first: (\+\d+\.\d\d ?){2}$/m);
    expect(text).toMatch(/^refund_the_customer, the newest first: -1\.00$/m);
    expectNarrow(text);
  });

  test("says of the adaptive estimate what its numbers are: weighed means, and a lead in spreads of all returns", async () => {
    const decision = await learned();
    const text = explain(decision).replace(/\s+/g, " ");
    expect(decision.settings.estimator).toBe("adaptive");
    // (10 + 0.98 · 12 − 1) / 2.98; all returns are −1, 12 and 10.
    expect(text).toContain(
      "State value V = 6.97, the mean of their returns, weighed by likeness, age and origin.",
    );
    expect(text).toContain(
      "Scale: the spread of all 3 returns, 5.72; their mean is 7.00, the highest 12.00.",
    );
    expect(text).toContain("after = softmax(z + 1.00 A), A = (15 (Q - V) + 2.2 E) / scale; selected greedy");
    expectNarrow(explain(decision));
    const greedy = explain(await learned({ explorationBonus: 0 })).replace(/\s+/g, " ");
    expect(greedy).toContain("A = 15 (Q - V) / scale; selected");
  });

  test("says what leaving the base action has brought, where there is something to compare", async () => {
    const decision = await learned();
    expect(explain(decision)).not.toContain("leaving the base action");
    const { returns } = decision;
    if (!returns) throw new Error("Expected returns.");
    const departures = { kept: { count: 30, mean: 5 }, left: { count: 12, mean: 4.2 } };
    const text = explain({ ...decision, returns: { ...returns, departures } });
    expect(text.replace(/\s+/g, " ")).toContain(
      "So far, leaving the base action brought 4.20 (mean of 12), keeping to it 5.00 (mean of 30).",
    );
    expectNarrow(text);
  });

  test("names no spread where all returns are the same", async () => {
    const memory = await memoryOf([1, 2].map(() => ({ action: tools[1]!, return: 3 })));
    const text = explain(await createPolicy({ memory }).decide({ state: "here", candidates }));
    expect(text).toContain("Scale: the size of the returns, which are all 3.00.");
  });

  test("claims nothing of an estimator of somebody's own", async () => {
    const decision = await (await policyOf([0, 5])).decide({
      state: "here",
      candidates: candidatesOf([1, 0]),
    });
    const text = explain(decision);
    expect(text).toContain("State value V = 0.00.");
    expect(text).toContain("after = softmax(z + 1.00 A); selected greedy");
    expect(text).not.toContain("Scale");
  });

  test("does not sell hope for experience", async () => {
    const memory = await memoryOf(Array.from({ length: 9 }, () => ({ action: tools[0]!, return: -1 })));
    const decision = await createPolicy({ memory }).decide({ state: "here", candidates });
    expect(decision.candidates.find(({ action }) => action === decision.chosen.action)?.count).toBe(0);
    expect(explain(decision).replace(/\s+/g, " ")).toContain(
      "escalate_to_a_human instead of refund_the_customer: it is not tried here yet, and promises more.",
    );
  });

  test("does not sell curiosity for experience: what is worth less may lead to where little is known", async () => {
    const memory = await openMemory();
    const [known = "", unknown = ""] = tools;
    const goodElsewhere = { state: "quite another place", action: known, reward: 10 };
    await memory.learn({ steps: [goodElsewhere] });
    for (let i = 0; i < 20; i++) {
      const after = (state: string, reward: number) => ({ state, action: "look", reward });
      await memory.learn({ steps: [{ state: "here", action: known }, after("the usual", 0.1)] });
      await memory.learn({ steps: [{ state: "here", action: unknown }, after(`room ${i}`, 0)] });
    }
    const decision = await createPolicy({ memory }).decide({
      state: "here",
      candidates: [known, unknown].map((action) => ({ action, logit: 0 })),
    });
    const [first, second] = decision.candidates;
    expect(second!.q).toBeLessThan(first!.q!);
    expect(decision.chosen.action).toBe(unknown);
    expect(explain(decision).replace(/\s+/g, " ")).toContain(
      `${unknown} instead of ${known}: it is worth less so far, but less is known of it or of what comes after it.`,
    );
    expectNarrow(explain(decision));
  });

  test("says that experience agrees where it does", async () => {
    const policy = await policyOf([5, 0]);
    const decision = await policy.decide({ state: "here", candidates: candidatesOf([1, 0]) });
    expect(explain(decision)).toContain("a0: experience agrees with the base action.");
  });

  test("says in shadow what was executed and what was not", async () => {
    const text = explain(await learned({ mode: "shadow" }));
    expect(text).toMatch(/^\(shadow: refund_the_customer was executed\) escalate_to_a_human\s+instead of/);
    expect(text).toMatch(/^> refund_the_customer/m);
    expectNarrow(text);
  });

  test("says when the budget kept it from what experience speaks for", async () => {
    const decision = await learned({ klBudget: 0.1 });
    expect(decision.chosen.action).toBe("refund_the_customer");
    const text = explain(decision).replaceAll("\n", " ");
    expect(text).toContain("experience speaks for escalate_to_a_human, but that is beyond the KL budget.");
    expect(text).not.toContain("agrees");
    expectNarrow(explain(decision));
  });

  test("does not sell exploration for experience", async () => {
    const decision = await learned({ selection: "epsilon-greedy", epsilon: 0.5, random: () => 0.49 });
    expect(explain(decision)).toContain(`${decision.chosen.action}: drawn at random, to explore.`);
    expectNarrow(explain(decision));
    const greedy = await learned({ selection: "epsilon-greedy", epsilon: 0.5, random: () => 0.51 });
    expect(explain(greedy)).toContain("experience speaks for it");
    const sampled = await learned({ selection: "sample", random: () => 0 });
    expect(explain(sampled)).toContain("refund_the_customer: drawn from the updated policy.");
  });

  const reasons: [DecisionReason, string, () => Promise<Decision>][] = [
    ["no-evidence", "No past state is similar enough.", () => createPolicyWith([]).then(decide)],
    ["too-little-evidence", "There is too little evidence.", () => learned({ minEvidence: 9 })],
    ["over-budget", "The search took more than its budget.", () => learned({ searchBudget: 1 })],
    ["off", "Learning is off.", () => learned({ mode: "off" })],
    [
      "loading",
      "The memory is still loading.",
      () => createPolicy({ memory: new ExperienceMemory() }).decide({ state: "here", candidates }),
    ],
    [
      "memory-failed",
      "The memory failed.",
      async () => {
        const memory = await memoryOf([]);
        await memory.close();
        return decide(createPolicy({ memory }));
      },
    ],
  ];
  test.each(reasons)("says why the base action stands: %s", async (reason, sentence, make) => {
    const decision = await make();
    expect(decision.reason).toBe(reason);
    const text = explain(decision);
    expect(text.split("\n").slice(0, 2)).toEqual(["refund_the_customer: the base action stands.", sentence]);
    expect(text).toMatch(/^> refund_the_customer +0 +- +0\.00/m);
    expect(text).not.toContain("Infinity");
    expect(text).not.toContain("NaN");
    expectNarrow(text);
  });

  test("keeps to its columns where many returns are listed", async () => {
    const memory = await memoryOf(
      Array.from({ length: 20 }, (_, i) => ({ action: tools[i % 2]!, return: 1000 + i })),
    );
    expectNarrow(explain(await createPolicy({ memory }).decide({ state: "here", candidates })));
  });

  test("keeps to its columns for long names, large returns and every setting", async () => {
    const name = (c: string) => `${c}${"_tool".repeat(12)}`;
    const memory = await memoryOf([
      { action: name("x"), return: -1e99 },
      { action: name("y"), return: 1e99 },
      { action: "z", return: 12_345 },
    ]);
    for (const estimator of ["adaptive", "plain", "normalized"] as const) {
      for (const selection of ["greedy", "sample", "epsilon-greedy"] as const) {
        const policy = createPolicy({ memory, estimator, selection, beta: 123.456, random: () => 0.3 });
        const decision = await policy.decide({
          state: "here",
          candidates: [name("x"), name("y"), "z"].map((action) => ({ action, logit: 0 })),
        });
        expectNarrow(explain(decision));
      }
    }
  });

  test("lists the chosen action wherever it ranks, and counts the rest", async () => {
    const logits = Array.from({ length: 12 }, (_, a) => -a);
    const policy = await policyOf(logits.map((z) => z));
    const decision = await policy.decide({
      state: "here",
      candidates: candidatesOf(logits),
      baseAction: "a11",
    });
    const last = { ...decision, chosen: { action: "a11", logit: -11 } };
    const text = explain(last);
    expect(text).toMatch(/^> a11 /m);
    expect(text.match(/^[> ] a\d+ .*%$/gm)).toHaveLength(8);
    expect(text).toContain("... and 4 more");
  });
});

function createPolicyWith(outcomes: Parameters<typeof memoryOf>[0]) {
  return memoryOf(outcomes).then((memory) => createPolicy({ memory }));
}

function decide(policy: ReturnType<typeof createPolicy>): Promise<Decision> {
  return policy.decide({ state: "here", candidates });
}
