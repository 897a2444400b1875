import { defineConfig } from "vitest/config";

// Packages run from source; the others are Vite's own default conditions, which setting the option replaces.
const conditions = ["@evergrant/source", "module", "node", "development|production"];
const resolution = { resolve: { conditions }, ssr: { resolve: { conditions } } };
const setupFiles = ["tests/kit/one-seed.ts"];
const structure = "tests/structure/**/*.test.ts";

export default defineConfig({
  test: {
    reporters: ["default"],
    projects: [
      {
        ...resolution,
        test: {
          name: "unit",
          setupFiles,
          include: ["packages/*/src/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        ...resolution,
        test: { name: "structure", include: [structure], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        ...resolution,
        test: {
          name: "end-to-end",
          setupFiles,
          include: ["tests/**/*.test.ts"],
          exclude: [structure],
          // One file after another: each owns servers, a browser and child processes.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...resolution,
        test: {
          name: "simulation",
          setupFiles,
          include: ["simulation/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
