import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

/** The most that the browser loads before the first view, compressed, without the font: bytes. */
const INITIAL_BYTES_MAX = 150_000;

/** Fails the build when the first load grows beyond its limit, and prints its size. */
export function checkSize(): Plugin {
  return {
    name: "check-size",
    apply: "build",
    writeBundle(_options, bundle) {
      const chunks = Object.values(bundle);
      const initial = new Set<string>();
      const add = (name: string) => {
        const chunk = bundle[name];
        if (chunk?.type !== "chunk" || initial.has(name)) return;
        initial.add(name);
        for (const imported of chunk.imports) add(imported);
      };
      for (const chunk of chunks) if (isEntry(chunk)) add(chunk.fileName);
      for (const chunk of chunks) {
        if (chunk.type === "asset" && chunk.fileName.endsWith(".css") && isFirstStyle(chunk)) {
          initial.add(chunk.fileName);
        }
      }
      let total = 0;
      for (const name of initial) {
        const output = bundle[name];
        if (!output) continue;
        const content = output.type === "chunk" ? output.code : output.source;
        const size = gzipSync(content, { level: 9 }).length;
        total += size;
        console.log(`${name}: ${size} bytes compressed`);
      }
      console.log(`first load: ${total} bytes compressed, at most ${INITIAL_BYTES_MAX}`);
      if (total > INITIAL_BYTES_MAX) {
        this.error(`the first load is ${total} bytes compressed, at most ${INITIAL_BYTES_MAX}`);
      }
    },
  };
}

function isEntry(output: Rollup.OutputChunk | Rollup.OutputAsset): output is Rollup.OutputChunk {
  return output.type === "chunk" && output.isEntry;
}

function isFirstStyle(asset: Rollup.OutputAsset): boolean {
  return asset.fileName.includes("/index-");
}
