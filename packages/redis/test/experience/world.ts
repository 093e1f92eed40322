import { randomUUID } from "node:crypto";
import type { RetentionOptions } from "@jitrl/core";
import { RedisExperienceStore } from "../../src/experience/redis-experience-store.js";
import type { RedisStoreOptions } from "../../src/experience/redis-store-options.js";

/** Opens stores in namespaces of their own on one client, and again those that were closed. */
export function storesOn(client: () => RedisStoreOptions["client"], common: Partial<RedisStoreOptions> = {}) {
  const namespaces = new WeakMap<object, string>();
  const open = async (options: Partial<RedisStoreOptions> & RetentionOptions, namespace: string) => {
    // The limits stay in the namespace, so those that a case does not name are set back.
    const limits = { capacity: 100_000, maxAge: Number.POSITIVE_INFINITY };
    const store = await RedisExperienceStore.open({
      ...limits,
      ...common,
      ...options,
      client: client(),
      namespace,
    });
    namespaces.set(store, namespace);
    return store;
  };
  return {
    open: (options: RetentionOptions = {}) => open(options, `suite ${randomUUID()}`),
    reopen: (closed: object, options: RetentionOptions = {}) => open(options, namespaces.get(closed) ?? ""),
  };
}
