import type { ExperienceStore, RetentionOptions } from "../store.js";

/** What a suite needs of a test runner; those of Vitest and Jest fit. */
export interface SuiteRunner {
  readonly test: (name: string, run: () => Promise<void>) => unknown;
  readonly expect: (actual: unknown) => Expectation;
}

export interface Expectation {
  /** Equal in all members, at any depth. */
  toEqual(expected: unknown): unknown;
  /** Equal by `Object.is`. */
  toBe(expected: unknown): unknown;
}

/** What a group of cases works with. */
export interface StoreCases {
  readonly expect: SuiteRunner["expect"];
  /** Registers a test; the stores that it opens are closed after it. */
  readonly check: (name: string, run: (open: OpenCaseStore, reopen: Reopen) => Promise<void>) => void;
}

export type OpenCaseStore = (options?: RetentionOptions) => Promise<ExperienceStore>;

/** Closes a store and opens its storage again. */
export type Reopen = (store: ExperienceStore, options?: RetentionOptions) => Promise<ExperienceStore>;
