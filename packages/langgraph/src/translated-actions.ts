import { type ActionContext, type ActionKey, holdsMask, keyOf, toolCallKey } from "./action-key.js";
import type { ToolCallSpec } from "./tool-call.js";

export interface TranslatedActionsOptions<S> {
  /**
   * Says a call in words that mean the same in other states: for example "the button Buy" in the place of an
   * element's id. They are learned as they stand, nothing in them is masked: keep personal data out of them.
   * `undefined` for a call that needs no translation; that one is learned as by `toolCallKey`.
   */
  describe(call: ToolCallSpec, context: ActionContext<S>): ToolCallSpec | undefined;
  /** The call that these words mean in this state, or `undefined` where there is none. */
  ground(
    described: ToolCallSpec,
    context: ActionContext<S>,
  ): ToolCallSpec | undefined | Promise<ToolCallSpec | undefined>;
}

/** Both ways of a translation, for the option `actionKey` and for `recalledCandidates`. */
export interface TranslatedActions<S> {
  readonly actionKey: ActionKey<S>;
  /** The call in words that a key was made of, or `undefined` where it was not made here. */
  readonly readAction: (action: string) => ToolCallSpec | undefined;
  readonly ground: TranslatedActionsOptions<S>["ground"];
}

/**
 * Actions that are named otherwise in each state, such as a click on an element by its id: they are learned by their
 * description, and what was learned is found again in another state.
 *
 * @example
 * const actions = translatedActions<PageState>({
 *   describe: ({ name, args }, { state }) => ({ name, args: { element: state?.labels[String(args.id)] } }),
 *   ground: ({ name, args }, { state }) => {
 *     const found = Object.entries(state?.labels ?? {}).find(([, label]) => label === args.element);
 *     return found && { name, args: { id: found[0] } };
 *   },
 * });
 * // new JitRLNode({ …, actionKey: actions.actionKey, candidates: combineCandidates(source, recalledCandidates(actions)) })
 */
export function translatedActions<S = unknown>(options: TranslatedActionsOptions<S>): TranslatedActions<S> {
  return {
    actionKey: (call, context = {}) => {
      const described = options.describe(call, context);
      return described ? keyOf(described, context) : toolCallKey(call, context);
    },
    readAction,
    ground: (described, context) => options.ground(described, context),
  };
}

/** Name, fingerprint, arguments. */
const form = /^([^\s#]+)(?:#[0-9a-f]{8})?(?: (\{.*\}))?$/su;

function readAction(action: string): ToolCallSpec | undefined {
  const [, name, text = "{}"] = form.exec(action) ?? [];
  if (name === undefined) return undefined;
  let args: unknown;
  try {
    args = JSON.parse(text);
  } catch {
    // Several calls at once, or somebody else's key.
    return undefined;
  }
  // What was masked was not described, and nobody can tell any more what it was.
  return isRecord(args) && !holdsMask(args) ? { name, args } : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
