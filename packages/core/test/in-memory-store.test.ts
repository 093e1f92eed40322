import { InMemoryExperienceStore } from "@jitrl/core";
import { storeSuite } from "@jitrl/core/testing";
import { describe, expect, test } from "vitest";

describe("InMemoryExperienceStore", () => {
  storeSuite({ test, expect }, async (options) => new InMemoryExperienceStore(options));
});
