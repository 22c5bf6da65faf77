import { currentLanguage } from "../text";
import type { FigureCatalogue } from "./en";

/**
 * Texts of the pages with analyses, which are loaded with these pages. `withFigureTexts` loads
 * them before a page is shown.
 */
let catalogue: FigureCatalogue | undefined;

async function loadFigureTexts(): Promise<void> {
  catalogue ??= currentLanguage() === "de" ? (await import("./de")).de : (await import("./en")).en;
}

/** Loads a page together with its texts. */
export function withFigureTexts<T>(load: () => Promise<T>): () => Promise<T> {
  return async () => {
    const [page] = await Promise.all([load(), loadFigureTexts()]);
    return page;
  };
}

type Key = keyof FigureCatalogue;
type Values<K extends Key> = FigureCatalogue[K] extends (...values: infer V) => string ? V : [];

/** The text with this name; the name itself before the texts are there. */
export function tf<K extends Key>(key: K, ...values: Values<K>): string {
  const text = catalogue?.[key] as string | ((...values: unknown[]) => string) | undefined;
  if (text === undefined) return key;
  return typeof text === "string" ? text : text(...values);
}
