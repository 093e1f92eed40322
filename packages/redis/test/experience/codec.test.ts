import { type Episode, parseEpisode, type State } from "@jitrl/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodedEpisode, encodeEpisode } from "../../src/experience/episode-codec.js";
import { episode } from "./episodes.js";

/** Tokens as they are, and as they could be mistaken for what stands around them. */
const token = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.constantFrom("", "\n", "a\nb", " ", "\r", "\u2028", "{", '"', "0", "\ud800", "a\udc00"),
);
const names = fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom("__proto__", "10", "9", "text", ""));
const features = fc.dictionary(
  names,
  fc.record({ tokens: fc.array(token, { maxLength: 5 }), weight: fc.constant(1) }),
  {
    minKeys: 1,
    maxKeys: 4,
  },
);

function withStates(states: readonly State[]): Episode {
  const [step] = episode("e").steps;
  return parseEpisode({
    ...episode("e"),
    steps: states.map((state, i) => ({ ...step, id: String(i), t: i, state })),
  });
}

test("what is encoded comes back, whatever its tokens are", () => {
  fc.assert(
    fc.property(fc.array(features, { minLength: 1, maxLength: 4 }), (all) => {
      const given = withStates(all.map((features) => ({ features })));
      expect(encodedEpisode(encodeEpisode(given))).toMatchObject(given);
    }),
  );
});

test("equal content has one digest, in whatever order its features were named", () => {
  const feature = (...tokens: string[]) => ({ tokens, weight: 1 });
  const one = withStates([{ features: { b: feature("x"), a: feature("y", "z") } }]);
  const other = withStates([{ features: { a: feature("y", "z"), b: feature("x") } }]);
  const moved = withStates([{ features: { a: feature("y"), b: feature("z", "x") } }]);
  const digest = (of: Episode) => encodeEpisode(of).digest;
  expect(digest(one)).toBe(digest(other));
  expect(digest(moved)).not.toBe(digest(one));
});

test("tokens stand beside the steps, one a line", () => {
  const { rest } = encodeEpisode(episode("e"));
  const [content = "", ...tokens] = rest.split("\n");
  expect(tokens).toEqual(["refund", "late"]);
  expect(JSON.parse(content)).toMatchObject({
    end: "done",
    steps: [{ state: { features: { text: { tokens: 2, weight: 1 } } }, action: "refund" }],
  });
});
