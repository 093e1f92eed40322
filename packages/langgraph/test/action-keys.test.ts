import { tool } from "@langchain/core/tools";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import "../../../test/property-seed.ts";
import {
  type BoundTool,
  bindActionKey,
  callsFromPayload,
  callsToPayload,
  joinedKey,
  toolCallKey,
  toolNameKey,
  translatedActions,
} from "../src/index.js";

const call = { name: "refund", args: { order: "#4711", amount: 30 } };

function refund(schema: z.ZodType, description = "Pays back.") {
  return tool(() => "ok", { name: "refund", description, schema });
}

function api(parameters: object, more: object = {}): BoundTool {
  return { type: "function", function: { name: "refund", parameters, ...more } };
}

/** The fingerprint in the key of a refund. */
function shape(...tools: readonly BoundTool[]): string {
  const key = toolCallKey({ name: "refund", args: {} }, { tools });
  expect(key).toMatch(/^refund(?:#[0-9a-f]{8})?$/u);
  return key;
}

describe("toolCallKey", () => {
  it("masks what changes each time, and keeps what makes a difference", () => {
    expect(toolCallKey(call)).toBe('refund {"amount":30,"order":"<id>"}');
    expect(toolCallKey({ ...call, args: { amount: 30, order: "#4712" } })).toBe(toolCallKey(call));
    expect(toolCallKey({ ...call, args: { ...call.args, amount: 40 } })).not.toBe(toolCallKey(call));
    expect(toolCallKey({ name: "wait", args: {} })).toBe("wait");
  });

  it("tells the shape of the tool where the tools are known", () => {
    const tools = [refund(z.object({ order: z.string(), amount: z.number() }))];
    expect(toolCallKey(call, { tools })).toMatch(/^refund#[0-9a-f]{8} \{"amount":30,"order":"<id>"\}$/u);
    expect(toolCallKey({ name: "other", args: {} }, { tools })).toBe("other");
  });

  it.each<[string, BoundTool]>([
    ["its description", refund(z.object({ amount: z.number() }), "Sends money.")],
    ["what is said of a parameter", refund(z.object({ amount: z.number().describe("in euros") }))],
    [
      "the order of alternatives",
      api({
        type: "object",
        required: ["amount"],
        properties: { amount: { type: "number" } },
        additionalProperties: false,
      }),
    ],
    [
      "titles, examples and ids",
      api({
        $schema: "https://json-schema.org/draft/2020-12/schema",
        $id: "refund",
        title: "Refund",
        type: "object",
        properties: { amount: { type: "number", title: "Amount", examples: [1], description: "how much" } },
        required: ["amount"],
        additionalProperties: false,
      }),
    ],
  ])("stays the same when nothing changes but %s", (_name, changed) => {
    expect(shape(changed)).toBe(shape(refund(z.object({ amount: z.number() }))));
  });

  it.each<[string, z.ZodType]>([
    ["a type", z.object({ amount: z.string() })],
    ["a parameter's name", z.object({ sum: z.number() })],
    ["one parameter more", z.object({ amount: z.number(), note: z.string() })],
    ["an optional one more", z.object({ amount: z.number(), note: z.string().optional() })],
    ["what need not be given", z.object({ amount: z.number().optional() })],
    ["a bound", z.object({ amount: z.number().max(100) })],
    ["a default", z.object({ amount: z.number().default(5) })],
    ["a parameter called description", z.object({ amount: z.number(), description: z.string() })],
  ])("changes with %s", (_name, schema) => {
    expect(shape(refund(schema))).not.toBe(shape(refund(z.object({ amount: z.number() }))));
  });

  it("takes what is a set for a set", () => {
    const from = (values: string[], required: string[]) =>
      api({ type: "object", properties: { a: { enum: values }, b: { type: "string" } }, required });
    expect(shape(from(["x", "y"], ["a", "b"]))).toBe(shape(from(["y", "x"], ["b", "a"])));
    expect(shape(from(["x", "y"], ["a"]))).not.toBe(shape(from(["x", "z"], ["a"])));
    const tuple = (prefixItems: object[]) => api({ type: "array", prefixItems });
    expect(shape(tuple([{ type: "string" }, { type: "number" }]))).not.toBe(
      shape(tuple([{ type: "number" }, { type: "string" }])),
    );
  });

  it("knows tools in the forms of all APIs", () => {
    const parameters = { type: "object", properties: { amount: { type: "number" } } };
    const forms: BoundTool[] = [
      api(parameters),
      { type: "function", name: "refund", parameters },
      { name: "refund", input_schema: parameters },
      {
        functionDeclarations: [
          { name: "other", parameters: {} },
          { name: "refund", parameters },
        ],
      },
      { name: "refund", description: "x", schema: parameters, invoke: () => "ok" },
    ];
    const [first, ...others] = forms.map((form) => shape(form));
    expect(first).toContain("#");
    for (const other of others) expect(other).toBe(first);
    expect(shape({ type: "web_search" })).toBe("refund");
  });

  it("goes by the name alone where the schema cannot be told in JSON", () => {
    expect(shape(refund(z.object({ when: z.date() })))).toBe("refund");
  });

  it("is one text for one call, whatever the arguments", () => {
    const tools = [refund(z.object({}))];
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (args) => {
        const key = bindActionKey(toolCallKey, { tools });
        const reversed = Object.fromEntries(Object.entries(args).reverse());
        expect(key({ name: "refund", args: reversed })).toBe(key({ name: "refund", args }));
      }),
      { numRuns: 40 },
    );
  });
});

describe("several calls at once", () => {
  const a = { name: "a", args: { x: 1 } };
  const b = { name: "b", args: {}, id: "2" };

  it("have one key whatever their order, and one call has its own", () => {
    expect(joinedKey([a, b], toolCallKey)).toBe('a {"x":1} + b');
    expect(joinedKey([b, a], toolCallKey)).toBe(joinedKey([a, b], toolCallKey));
    expect(joinedKey([a], toolNameKey)).toBe("a");
  });

  it("are one payload that is read back", () => {
    expect(callsFromPayload(callsToPayload([a, b]))).toEqual([a, b]);
    expect(callsToPayload([b])).toEqual(b);
    expect(callsFromPayload(callsToPayload([b]))).toEqual([b]);
    for (const none of [undefined, null, "a", {}, { calls: [] }, { calls: [a, "b"] }, { name: "a" }, [a]])
      expect(callsFromPayload(none as never)).toBeUndefined();
  });
});

interface Page {
  readonly labels: Readonly<Record<string, string>>;
}

const clicks = translatedActions<Page>({
  describe: ({ name, args }, { state }) =>
    name === "click" ? { name, args: { element: state?.labels[String(args.id)] ?? "nothing" } } : undefined,
  ground: ({ name, args }, { state }) => {
    const found = Object.entries(state?.labels ?? {}).find(([, label]) => label === args.element);
    return found && { name, args: { id: found[0] } };
  },
});

describe("translatedActions", () => {
  const before: Page = { labels: { e1: "Buy", e2: 'Say "no"' } };
  const after: Page = { labels: { e7: "Buy" } };
  const click = (id: string) => ({ name: "click", args: { id } });

  it("name an action by what it means, in every state", () => {
    expect(clicks.actionKey(click("e1"), { state: before })).toBe('click {"element":"Buy"}');
    expect(clicks.actionKey(click("e7"), { state: after })).toBe('click {"element":"Buy"}');
    expect(clicks.actionKey(call, { state: after })).toBe(toolCallKey(call));
  });

  it("find it again in another state, or not", async () => {
    const tools = [tool(() => "ok", { name: "click", schema: z.object({ id: z.string() }) })];
    for (const id of ["e1", "e2"]) {
      const described = clicks.readAction(clicks.actionKey(click(id), { state: before, tools }));
      expect(described).toEqual({ name: "click", args: { element: before.labels[id] } });
      expect(await clicks.ground(described!, { state: before })).toEqual(click(id));
      expect(await clicks.ground(described!, { state: after })).toEqual(
        id === "e1" ? click("e7") : undefined,
      );
    }
  });

  it("read no key that says something else than a description", () => {
    expect(clicks.readAction(toolCallKey(call))).toBeUndefined();
    expect(clicks.readAction('a {"x":1} + b')).toBeUndefined();
    expect(clicks.readAction("(answer)")).toEqual({ name: "(answer)", args: {} });
    expect(clicks.readAction('a ["x"]')).toBeUndefined();
    expect(clicks.readAction("")).toBeUndefined();
  });

  it("are read back as they were described, whatever was said", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (args) => {
        const said = translatedActions({ describe: () => ({ name: "x", args }), ground: () => undefined });
        const read = said.readAction(said.actionKey({ name: "x", args: {} }));
        expect(read).toEqual({ name: "x", args });
      }),
    );
  });
});
