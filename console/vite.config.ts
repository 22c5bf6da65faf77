import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { writeLicenses } from "./scripts/licenses.ts";
import { checkSize } from "./scripts/size.ts";

const server = process.env.ACTA_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), writeLicenses(), checkSize()],
  build: {
    outDir: process.env.CONSOLE_OUT ?? "../target/console",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // Data addresses of fonts and images are not allowed by the policy of the server.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/xapi", "/signin", "/signout", "/account", "/setup"].map((path) => [
        path,
        { target: server, changeOrigin: false },
      ]),
    ),
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
