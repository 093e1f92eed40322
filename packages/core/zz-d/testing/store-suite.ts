import type { ExperienceStore, RetentionOptions } from "../store.js";
import type { StoreCases, SuiteRunner } from "./store-cases.js";
import { closeCases } from "./store-close-cases.js";
import { contentCases } from "./store-content-cases.js";
import { deleteCases } from "./store-delete-cases.js";
import { feedbackCases } from "./store-feedback-cases.js";
import { forgetCases } from "./store-forget-cases.js";
import { putCases } from "./store-put-cases.js";
import { reopenCases } from "./store-reopen-cases.js";
import { retentionCases } from "./store-retention-cases.js";
import { scanCases } from "./store-scan-cases.js";
import { watchCases } from "./store-watch-cases.js";

/** Gives a store of its own, empty storage at every call, with the given limits and clock. */
export type OpenStore = (options: RetentionOptions) => Promise<ExperienceStore>;

export interface StoreSuiteOptions {
  /**
   * Opens the storage of a store that was closed again; without it, what a store must keep is not looked at.
   *
   * @param closed a store that `openStore` or `reopen` gave, closed
   */
  reopen?: (closed: ExperienceStore, options: RetentionOptions) => Promise<ExperienceStore>;
  /** Whether the store applies the limits of `RetentionOptions`. @default true */
  retention?: boolean;
}

/**
 * Registers the tests that every {@link ExperienceStore} passes.
 *
 * @example
 * import { expect, test } from "vitest";
 * storeSuite({ test, expect }, async (options) => new InMemoryExperienceStore(options));
 */
export function storeSuite(
  { test, expect }: SuiteRunner,
  openStore: OpenStore,
  options: StoreSuiteOptions = {},
): void {
  const check: StoreCases["check"] = (name, run) => {
    test(name, async () => {
      const opened: ExperienceStore[] = [];
      const held = (store: ExperienceStore) => {
        opened.push(store);
        return store;
      };
      try {
        await run(
          async (limits = {}) => held(await openStore(limits)),
          async (store, limits = {}) => {
            if (!options.reopen) throw new Error("This suite was given no way to reopen a store.");
            await store.close();
            return held(await options.reopen(store, limits));
          },
        );
      } finally {
        for (const store of opened) await store.close();
      }
    });
  };
  const cases = { check, expect };
  putCases(cases);
  feedbackCases(cases);
  deleteCases(cases);
  forgetCases(cases);
  scanCases(cases);
  watchCases(cases);
  contentCases(cases);
  closeCases(cases);
  const retention = options.retention ?? true;
  if (retention) retentionCases(cases);
  if (options.reopen) reopenCases(cases, retention);
}
