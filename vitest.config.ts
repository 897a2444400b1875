import { defineConfig } from "vitest/config";

const conditions = ["@evergrant/source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ["packages/*/src/**/*.test.ts"], testTimeout: 30_000 },
});
