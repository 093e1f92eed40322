import { Validator } from "@langchain/core/utils/json_schema";
import { interopSafeParseAsync, isInteropZodSchema } from "@langchain/core/utils/types";
import type { ToolForm } from "./bound-tool.js";
import { type ToolCallSpec, toPayload } from "./tool-call.js";

/** True if the arguments satisfy the tool's schema now; a schema that cannot tell admits nothing. */
export async function validArguments(
  { schema }: Pick<ToolForm, "schema">,
  args: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  try {
    if (isInteropZodSchema(schema)) return (await interopSafeParseAsync(schema, args)).success;
    if (isStandardSchema(schema)) return !(await schema["~standard"].validate(args)).issues;
    return new Validator({ ...schema }).validate(args).valid;
  } catch {
    // A refinement that throws, or a reference that leads nowhere: nobody could tell what this call would do.
    return false;
  }
}

/** True if the call can be made now: its tool is bound, its arguments are plain JSON, and the tool's schema admits them. */
export async function validCall(
  call: ToolCallSpec,
  tools: ReadonlyMap<string, Pick<ToolForm, "schema">>,
): Promise<boolean> {
  const tool = tools.get(call.name);
  return tool !== undefined && isPlain(call) && validArguments(tool, call.args);
}

function isPlain(call: ToolCallSpec): boolean {
  try {
    toPayload(call);
    return true;
  } catch {
    return false;
  }
}

/** A schema of any library that follows Standard Schema. */
interface StandardSchema {
  readonly "~standard": {
    validate(value: unknown): { readonly issues?: unknown } | Promise<{ readonly issues?: unknown }>;
  };
}

function isStandardSchema(schema: object): schema is StandardSchema {
  const standard = "~standard" in schema ? schema["~standard"] : undefined;
  return (
    typeof standard === "object" &&
    standard !== null &&
    "validate" in standard &&
    typeof standard.validate === "function"
  );
}
