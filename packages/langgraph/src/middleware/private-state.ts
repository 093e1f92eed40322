import * as z from "zod/v4";
import { emptyTrajectoryState, type TrajectoryState } from "../trajectory.js";

/**
 * The agent's private state: what the channel `jitrl` holds in a graph. A plain value, since hooks emit the whole
 * state that they saw, which a reducer would take for changes.
 */
export const privateSchema = z.object({ _jitrl: z.unknown().optional() });

/** The private state, and the keys of the agent's own that functions of the user read: hooks see no others. */
export function schemaWith(own: z.ZodObject | undefined): typeof privateSchema {
  return own ? z.object({ ...own.shape, ...privateSchema.shape }) : privateSchema;
}

/** The private state, which is empty before the first step. */
export function privateStateOf(state: { readonly _jitrl?: unknown }): TrajectoryState {
  return isTrajectoryState(state._jitrl) ? state._jitrl : emptyTrajectoryState;
}

function isTrajectoryState(value: unknown): value is TrajectoryState {
  return typeof value === "object" && value !== null && "current" in value && "ended" in value;
}
