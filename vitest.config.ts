import { defineConfig } from "vitest/config";

// Tests resolve the packages' sources through the "@jitrl/source" condition, so no test waits for a build.
const conditions = ["@jitrl/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@jitrl/source"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts", "test/**/*.test.ts"],
    setupFiles: ["test/property-seed.ts"],
    // The slow files wait for compilers and other processes, so no core need be kept free for vitest itself.
    maxWorkers: "100%",
    isolate: false,
    // Far beyond what anything takes: a busy machine must not fail a test.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
