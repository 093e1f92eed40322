import type { StructuredToolInterface } from "@langchain/core/tools";
import { Validator } from "@langchain/core/utils/json_schema";
import { interopSafeParseAsync, isInteropZodSchema } from "@langchain/core/utils/types";

/** True if the arguments satisfy the tool's schema now. */
export async function validArguments(
  { schema }: Pick<StructuredToolInterface, "schema">,
  args: Record<string, unknown>,
): Promise<boolean> {
  if (isInteropZodSchema(schema)) return (await interopSafeParseAsync(schema, args)).success;
  return new Validator(schema as ConstructorParameters<typeof Validator>[0]).validate(args).valid;
}
