import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

declare const process: { env: Record<string, string | undefined> };

// One folder of files with names by content, which any server can hand out; nothing inline, so that the policy holds.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: process.env["ATOLL_PAGES_OUT"] ?? "../src/atoll/console/pages",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // those that know light-dark()
    chunkSizeWarningLimit: 400,
  },
  worker: { format: "es" },
  server: { proxy: { "/api": process.env["ATOLL_CONSOLE"] ?? "http://127.0.0.1:8090" } },
});
