import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// During development the API answers on another port; the page reaches it through
// this proxy so that, as in the product, page and API share one origin.
const api = process.env.ZAPTOR_URL ?? "http://127.0.0.1:8099";

export default defineConfig({
  plugins: [react()],
  base: "/",
  build: {
    outDir: "dist",
    assetsDir: "assets",
    // Nothing is inlined as data: the Content-Security-Policy stays strict.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: "vendor", test: /node_modules/ }],
        },
      },
    },
  },
  server: {
    proxy: {
      "/v1": { target: api, ws: true },
    },
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
  },
});
