import { JitRLError } from "@jitrl/core";
import type { NamespaceSettings, RedisStoreOptions } from "./redis-store-options.js";

type Defaulted =
  | "namespace"
  | "refreshOnUse"
  | "patience"
  | "failClosed"
  | "bufferLimit"
  | "onOverflow"
  | "closeTimeout"
  | "onError";

export type CheckedOptions = RedisStoreOptions & Required<Pick<RedisStoreOptions, Defaulted>>;

const DAY = 86_400_000;

/** What a namespace begins with where nothing else is said. */
const initial = { capacity: 100_000, rememberForgotten: 30 * DAY, feedLength: 10_000 } as const;

/** What settings are called in Redis. */
const storedNames = {
  capacity: "capacity",
  maxAge: "maxAge",
  ttl: "ttl",
  rememberForgotten: "remember",
  feedLength: "feedLength",
} as const satisfies Record<keyof NamespaceSettings, string>;

const overflows: readonly unknown[] = ["throw", "drop-oldest", "drop-newest"];

/** @throws JitRLError `invalid-input` */
export function checkedOptions(options: RedisStoreOptions): CheckedOptions {
  const checked: CheckedOptions = {
    ...options,
    namespace: options.namespace ?? "default",
    refreshOnUse: options.refreshOnUse ?? false,
    patience: options.patience ?? 2_000,
    failClosed: options.failClosed ?? false,
    bufferLimit: options.bufferLimit ?? 1_000,
    onOverflow: options.onOverflow ?? "throw",
    closeTimeout: options.closeTimeout ?? 5_000,
    onError: options.onError ?? (() => {}),
  };
  if (typeof checked.namespace !== "string" || checked.namespace === "")
    throw invalid("namespace", "a text that is not empty", checked.namespace);
  if (!overflows.includes(checked.onOverflow))
    throw invalid("onOverflow", overflows.join(", "), checked.onOverflow);
  atLeast("capacity", options.capacity, 1);
  atLeast("feedLength", options.feedLength, 1);
  atLeast("bufferLimit", checked.bufferLimit, 1);
  above("maxAge", options.maxAge);
  above("ttl", options.ttl);
  above("rememberForgotten", options.rememberForgotten);
  above("patience", checked.patience);
  if (!(checked.closeTimeout >= 0)) throw invalid("closeTimeout", "at least 0 ms", checked.closeTimeout);
  if (options.durability) {
    atLeast("durability.replicas", options.durability.replicas, 1);
    above("durability.timeoutMs", options.durability.timeoutMs);
    if (options.durability.timeoutMs === Number.POSITIVE_INFINITY)
      throw invalid("durability.timeoutMs", "finite", options.durability.timeoutMs);
  }
  return checked;
}

/** Pairs of name and value for `open.lua`: what is given, and what holds where a namespace begins. */
export function settingPairs(options: NamespaceSettings): string[] {
  const pairs: string[] = [];
  for (const [name, stored] of Object.entries(storedNames)) {
    const given = options[name as keyof NamespaceSettings];
    const first = initial[name as keyof typeof initial];
    if (given !== undefined) pairs.push(stored, Number.isFinite(given) ? String(Math.ceil(given)) : "");
    else if (first !== undefined) pairs.push(`?${stored}`, String(first));
  }
  return pairs;
}

function atLeast(what: string, value: number | undefined, least: number): void {
  const whole = value === Number.POSITIVE_INFINITY || Number.isInteger(value);
  if (value !== undefined && !(whole && value >= least)) throw invalid(what, `an integer ≥ ${least}`, value);
}

function above(what: string, value: number | undefined): void {
  if (value !== undefined && !(value > 0)) throw invalid(what, "above 0 ms", value);
}

function invalid(what: string, expected: string, found: unknown): JitRLError {
  return new JitRLError(
    "invalid-input",
    `Expected ${what} to be ${expected}, found ${String(found).slice(0, 80)}.`,
    {
      details: { field: what },
    },
  );
}
