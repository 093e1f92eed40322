import type { Episode, Step } from "../episode.js";
import type { JsonValue } from "../json.js";
import { codeOf, putAll, sampleEpisode, sampleReward } from "./sample-episode.js";
import type { StoreCases } from "./store-cases.js";

const TEXTS: readonly string[] = [
  "Grüße, 你好, שלום, नमस्ते",
  "👩‍👩‍👧‍👦 🏳️‍🌈",
  "e\u0301 is not é",
  "\u0000\u0001\u001f\u007f",
  "\u2028\u2029\ufeff\ufffd\ufffe",
  "'; DROP TABLE episodes; --",
  '{"put":{}}\n{"evicted":[]}\r\n',
  "\\u0041 \\n %00 $(x) {{x}}",
];

/** Halves of characters beyond the basic plane, which UTF-8 cannot hold. */
const LONE_SURROGATES: readonly string[] = ["\ud800", "\udfff", "a\udc00b", "\udc00\ud800"];

export function contentCases({ check, expect }: StoreCases): void {
  check("every documented member comes back as it was put", async (open) => {
    const store = await open();
    const episode = sampleEpisode("full", {
      threadId: "thread",
      at: 1_767_225_600_000.5,
      end: "truncated",
      steps: [
        {
          id: "first",
          t: 3,
          state: {
            features: {
              ["__proto__"]: { tokens: [], weight: 0 },
              words: { tokens: ["b", "a", "b", ""], weight: 0.1 + 0.2 },
            },
            partition: "",
          },
          action: "refund",
          chosenBy: "human",
          payload: {
            name: "refund",
            args: { amounts: [1e308, 5e-324, 0.1 + 0.2, 2 ** 53 - 1, -1], none: null },
          },
          observation: "",
          decision: {
            mode: "on",
            reason: "learned",
            baseAction: "escalate",
            baseDrawn: true,
            propensity: 1 / 3,
            kl: Math.LN2,
            evidence: 4,
            candidates: [
              ["refund", 5e-324],
              ["10", Math.LN2],
              ["2", -1e308],
            ],
          },
        },
        { ...stepOf(sampleEpisode("x")), t: 3, payload: null, observation: [] },
      ],
      rewards: [
        { id: "r1", step: 0, value: -0.25, source: "judge:model", at: 1, reason: "too\nlate", revokedAt: 3 },
        { id: "r2", value: 1e100, source: "environment", at: 2 },
      ],
      awaiting: ["environment:crm", "judge:other"],
      transcript: { outcome: "refunded", steps: [{ result: "ok" }, null] },
      metadata: { user: "u", plan: 3, beta: false, empty: "" },
      describedBy: "v2",
    });
    await putAll(store, [episode]);
    const got = await store.get("full");
    expect(got).toEqual({ ...episode, sequence: got?.sequence });
  });

  check("what an episode does not have is absent, not empty", async (open) => {
    const store = await open();
    await putAll(store, [sampleEpisode("a")]);
    const got = await store.get("a");
    expect(Object.keys(got ?? {}).sort()).toEqual([...Object.keys(sampleEpisode("a")), "sequence"].sort());
    expect(Object.keys(got?.steps[0] ?? {}).sort()).toEqual(Object.keys(stepOf(sampleEpisode("a"))).sort());
  });

  check("text of all kinds comes back as it was put", async (open) => {
    const store = await open();
    for (const text of TEXTS) {
      const episode = withText(`id ${text}`, text);
      await putAll(store, [episode]);
      const got = await store.get(episode.id);
      expect(got).toEqual({ ...episode, sequence: got?.sequence });
    }
  });

  check("lone surrogates come back as they were put, or are refused", async (open) => {
    const store = await open();
    for (const [i, text] of LONE_SURROGATES.entries()) {
      for (const episode of [withText(`e${i}`, text), sampleEpisode(`id ${text}`)]) {
        const code = await codeOf(() => store.put(episode, { expectedRevision: 0 }));
        if (code === "invalid-input") continue;
        expect(code).toBe("none");
        const got = await store.get(episode.id);
        expect(got).toEqual({ ...episode, sequence: got?.sequence });
      }
    }
  });

  check(
    "ids and threads that differ in a lone surrogate only are not mistaken for each other",
    async (open) => {
      const store = await open({ now: () => 1_000 });
      const [one, other] = [sampleEpisode("\ud800", { threadId: "\ud800" }), sampleEpisode("\ud801")];
      const refused = await codeOf(() => store.put(one, { expectedRevision: 0 }));
      if (refused === "invalid-input") return;
      await putAll(store, [other]);
      expect(await store.delete({ episodeId: "\ud800" })).toEqual({ ids: ["\ud800"] });
      await store.delete({ threadId: "\ud800" });
      const late = sampleEpisode("late", { threadId: "\ud801" });
      expect((await store.put(late, { expectedRevision: 0 })).status).toBe("stored");
      expect((await store.put({ ...other, end: "failed" }, { expectedRevision: 1 })).status).toBe("stored");
    },
  );

  check("an episode of 1,000 steps and 1,000 rewards comes back whole", async (open) => {
    const store = await open();
    const steps = Array.from(
      { length: 1_000 },
      (_, t): Step => ({
        ...stepOf(sampleEpisode("x")),
        id: `s${t}`,
        t,
        state: {
          features: { text: { tokens: Array.from({ length: 40 }, (_, k) => `token${t + k}`), weight: 1 } },
        },
        observation: "x".repeat(200),
      }),
    );
    const rewards = steps.map((_, step) => ({ ...sampleReward(`r${step}`), step }));
    const episode = sampleEpisode("large", { steps, rewards });
    await putAll(store, [episode]);
    const got = await store.get("large");
    expect(got).toEqual({ ...episode, sequence: got?.sequence });
    expect((await store.put(episode, { expectedRevision: 0 })).status).toBe("duplicate");
  });

  check("a stored episode does not change with what the caller put", async (open) => {
    const store = await open();
    const tokens = ["refund", "late"];
    const amounts = [1, 2];
    const payload: { [key: string]: JsonValue } = { amounts };
    const metadata: Record<string, string> = { user: "u" };
    const rewards = [sampleReward("r")];
    const build = () =>
      sampleEpisode("a", {
        steps: [
          { ...stepOf(sampleEpisode("x")), state: { features: { text: { tokens, weight: 1 } } }, payload },
        ],
        metadata,
        rewards,
      });
    const expected = structuredClone(build());
    const put = store.put(build(), { expectedRevision: 0 });
    // At once, while the put is still under way.
    tokens[0] = "changed";
    amounts.push(3);
    payload.more = true;
    metadata.user = "changed";
    rewards.push(sampleReward("more"));
    await put;
    const got = await store.get("a");
    expect(got).toEqual({ ...expected, sequence: got?.sequence });
  });

  check("a stored episode does not change with what the caller got", async (open) => {
    const store = await open();
    const [step] = [{ ...stepOf(sampleEpisode("x")), payload: { list: [1] } }];
    await putAll(store, [
      sampleEpisode("a", { steps: [step], metadata: { user: "u" }, rewards: [sampleReward("r")] }),
    ]);
    const expected = structuredClone(await store.get("a"));
    const gots = [await store.get("a")];
    for await (const episode of store.scan()) gots.push(episode);
    for (const got of gots) {
      const reached = everyObjectIn(got);
      expect(reached.length > 8).toBe(true);
      for (const object of reached) {
        Reflect.set(object, "0", "changed");
        Reflect.set(object, "id", "changed");
        Reflect.deleteProperty(object, "user");
      }
    }
    expect(await store.get("a")).toEqual(expected);
  });
}

function stepOf(episode: Episode): Step {
  const [step] = episode.steps;
  if (!step) throw new Error("Expected the episode to have a step.");
  return step;
}

/** An episode with the text in every place where there may be one. */
function withText(id: string, text: string): Episode {
  return sampleEpisode(id, {
    threadId: text,
    steps: [
      {
        id: text,
        t: 0,
        state: { features: { [text]: { tokens: [text], weight: 1 } }, partition: text },
        action: text,
        chosenBy: "base",
        payload: { [text]: text },
        observation: [text],
      },
    ],
    rewards: [{ id: text, value: 1, source: `judge:${text}`, at: 0 }],
    metadata: { [text]: text },
    describedBy: text,
  });
}

function everyObjectIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(everyObjectIn)];
}
