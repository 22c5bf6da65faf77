import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

/** Packages whose files are in the console without being modules of it. */
const ALWAYS = ["@fontsource-variable/ibm-plex-sans"];

/** The folder of the package that a module is of. */
function packageOf(id: string): string | undefined {
  if (!id.includes("node_modules")) return undefined;
  for (let folder = dirname(id.replace(/[\0?].*$/u, "")); folder !== dirname(folder); folder = dirname(folder)) {
    if (/node_modules\/(?:@[^/]+\/)?[^/]+$/u.test(folder) && existsSync(join(folder, "package.json"))) return folder;
  }
  return undefined;
}

/** Writes the licences of everything that the console contains into `licenses.txt`. */
export function writeLicenses(): Plugin {
  let root = "";
  return {
    name: "write-licenses",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    generateBundle(_options, bundle) {
      const folders = new Set(ALWAYS.map((name) => join(root, "node_modules", name)));
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const id of chunk.moduleIds) {
          const folder = packageOf(id);
          if (folder) folders.add(folder);
        }
      }
      const texts = [...folders].map((folder) => {
        const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name: string; version: string; license: string };
        const file = readdirSync(folder).find((name) => /^licen[cs]e/iu.test(name));
        const text = file ? readFileSync(join(folder, file), "utf8").trim() : `License: ${about.license}`;
        return `${about.name} ${about.version} (${about.license})\n\n${text}\n`;
      });
      const head = "The web console of Acta contains these packages:\n";
      this.emitFile({ type: "asset", fileName: "licenses.txt", source: [head, ...texts.toSorted()].join(`\n${"-".repeat(72)}\n\n`) });
    },
  };
}
