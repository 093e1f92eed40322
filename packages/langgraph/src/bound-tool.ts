import type { ClientTool } from "@langchain/core/tools";
import { toJsonSchema } from "@langchain/core/utils/json_schema";

/** A tool as the agent has it: a LangChain tool, or what is sent to the API. */
export type BoundTool = ClientTool | Readonly<Record<string, unknown>>;

/** What a tool is called by and with. */
export interface ToolForm {
  readonly name: string;
  readonly description: string;
  /** A Zod or other standard schema, or a JSON schema. */
  readonly schema: object;
}

/** What an agent can call, and what of its tools the provider runs itself. */
export interface ToolForms {
  /** By name; where two have one name, the first. */
  readonly callable: ReadonlyMap<string, ToolForm>;
  /** Types of tools that have no name or no parameters, such as a provider's own web search. */
  readonly others: readonly string[];
}

/** A tool without parameters takes an empty object. */
const noParameters = { type: "object", properties: {}, additionalProperties: false };

/**
 * Reads tools in the forms in which agents bind them: LangChain tools, and what is sent to the APIs of OpenAI
 * (completions and Responses), Anthropic and Google.
 */
export function toolForms(tools: readonly BoundTool[]): ToolForms {
  const callable = new Map<string, ToolForm>();
  const others: string[] = [];
  for (const tool of tools) {
    const forms = formsOf(tool);
    if (forms.length === 0) others.push(kindOf(tool));
    for (const form of forms) if (!callable.has(form.name)) callable.set(form.name, form);
  }
  return { callable, others };
}

/**
 * The parameters of a tool as a JSON schema.
 *
 * @throws what the schema's own library throws where it cannot be told in JSON
 */
export function parametersOf({ schema }: ToolForm): Record<string, unknown> {
  return { ...toJsonSchema(schema) };
}

function formsOf(tool: object): ToolForm[] {
  if ("functionDeclarations" in tool && Array.isArray(tool.functionDeclarations)) {
    return tool.functionDeclarations.flatMap((declared: unknown) => formOf(declared, "function"));
  }
  const inner = "function" in tool && isObject(tool.function) ? tool.function : tool;
  return formOf(inner, "type" in tool ? tool.type : undefined);
}

function formOf(tool: unknown, type: unknown): ToolForm[] {
  if (!isObject(tool) || !("name" in tool) || typeof tool.name !== "string" || tool.name === "") return [];
  const schema =
    ("schema" in tool && tool.schema) ||
    ("parameters" in tool && tool.parameters) ||
    ("input_schema" in tool && tool.input_schema) ||
    (type === "function" && noParameters);
  const description = "description" in tool && typeof tool.description === "string" ? tool.description : "";
  return isObject(schema) ? [{ name: tool.name, description, schema }] : [];
}

function kindOf(tool: object): string {
  if ("type" in tool && typeof tool.type === "string") return tool.type;
  return Object.keys(tool)[0] ?? "nothing";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
