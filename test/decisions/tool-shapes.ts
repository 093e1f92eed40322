import type { Random } from "@jitrl/core";
import type { BoundTool } from "@jitrl/langgraph";
import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { chance, choose } from "./chance.js";

/** What one argument may be. */
export type Kind = "text" | "count" | "flag" | "size";

/** A tool, told in a form of our own, from which its schema is made and by which its calls are judged. */
export interface ToolShape {
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly kind: Kind; readonly optional: boolean }[];
  /** Whether other arguments are refused. */
  readonly strict: boolean;
}

export interface Call {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const SIZES = ["small", "large"];
const KINDS: readonly Kind[] = ["text", "count", "flag", "size"];

/** The judge: written anew, and not by the libraries that the packages ask. */
export function admits({ fields, strict }: ToolShape, args: unknown): boolean {
  if (typeof args !== "object" || args === null || Array.isArray(args)) return false;
  const given = new Map(Object.entries(args));
  for (const { name, kind, optional } of fields) {
    const value = given.get(name);
    given.delete(name);
    if (value === undefined ? !optional : !isOf(kind, value)) return false;
  }
  return !strict || given.size === 0;
}

function isOf(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "count":
      return typeof value === "number" && Number.isInteger(value) && value >= 0;
    case "flag":
      return value === true || value === false;
    case "size":
      return typeof value === "string" && SIZES.includes(value);
  }
}

export function randomShape(name: string, random: Random): ToolShape {
  const names = ["order", "amount", "urgent", "size"].slice(0, Math.floor(random() * 4));
  const fields = names.map((field) => ({
    name: field,
    kind: choose(KINDS, random),
    optional: chance(0.3, random),
  }));
  return { name, fields, strict: chance(0.5, random) };
}

/** Arguments that the tool takes; few different ones, so that the same action comes again. */
export function goodArguments({ fields, strict }: ToolShape, random: Random): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const { name, kind, optional } of fields) {
    if (!optional || chance(0.5, random)) args[name] = argumentOf(kind, random);
  }
  if (!strict && chance(0.1, random)) args.remark = "as you like";
  return args;
}

/** Arguments that the tool may refuse. */
export function anyArguments(shape: ToolShape, random: Random): Record<string, unknown> {
  const args = goodArguments(shape, random);
  const field = shape.fields.length > 0 ? choose(shape.fields, random).name : "order";
  const spoiled = Math.floor(random() * 6);
  if (spoiled === 0) delete args[field];
  if (spoiled === 1)
    args[field] = choose([null, -1, 1.5, Number.NaN, "", "huge", [], {}, "1", 1e300], random);
  if (spoiled === 2) args.surplus = choose([1, "x", null, { deep: true }], random);
  if (spoiled === 3) args[field] = { toString: "x" };
  // An own property of this name, as JSON.parse makes it.
  if (spoiled === 4) Object.defineProperty(args, "__proto__", { value: 1, enumerable: true });
  if (spoiled === 5) return { [field.toUpperCase()]: argumentOf("text", random) };
  return args;
}

function argumentOf(kind: Kind, random: Random): unknown {
  if (kind === "text") return choose(["lamp", "vase", "order #4711"], random);
  if (kind === "count") return choose([0, 30, 500], random);
  return kind === "flag" ? chance(0.5, random) : choose(SIZES, random);
}

/** The tool as an agent binds it, in one of the forms that there are. */
export function boundTool(shape: ToolShape, random: Random): BoundTool {
  const { name } = shape;
  const description = `Does ${name}.`;
  const parameters = jsonSchemaOf(shape);
  switch (Math.floor(random() * 5)) {
    case 0:
      return { type: "function", function: { name, description, parameters } };
    case 1:
      return { name, description, input_schema: parameters };
    case 2:
      return { functionDeclarations: [{ name, description, parameters }] };
    case 3:
      return tool(() => "done", { name, description, schema: parameters });
    default:
      return tool(() => "done", { name, description, schema: zodSchemaOf(shape) });
  }
}

function jsonSchemaOf({ fields, strict }: ToolShape) {
  const kinds: Record<Kind, object> = {
    text: { type: "string" },
    count: { type: "integer", minimum: 0 },
    flag: { type: "boolean" },
    size: { type: "string", enum: SIZES },
  };
  return {
    type: "object" as const,
    properties: Object.fromEntries(fields.map(({ name, kind }) => [name, kinds[kind]])),
    required: fields.filter(({ optional }) => !optional).map(({ name }) => name),
    ...(strict ? { additionalProperties: false } : {}),
  };
}

function zodSchemaOf({ fields, strict }: ToolShape) {
  const kinds = {
    text: z.string(),
    count: z.number().int().min(0),
    flag: z.boolean(),
    size: z.enum(SIZES),
  };
  const shape = Object.fromEntries(
    fields.map(({ name, kind, optional }) => [name, optional ? kinds[kind].optional() : kinds[kind]]),
  );
  return strict ? z.strictObject(shape) : z.object(shape);
}
